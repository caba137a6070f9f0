//! Putting files into a directory on the server of a source: written under another name, and renamed once all is there.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::disk::replace_file_with;
use crate::model::Message;

use super::FetchError;
use super::deadline::FetchDeadline;
use super::remote::{Connector, Remote, Stat};
use super::throttle::Throttle;
use crate::config::job::Fetching;

/// What the name of a file ends with that is not complete yet.
const PART: &str = ".part";
/// Permissions of a file in a directory of this machine, of which the umask takes its share.
const READABLE: u32 = 0o666;

/// Files for one directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upload<'a> {
    /// Local files; they keep their names.
    pub(super) files: &'a [PathBuf],
    /// The directory on the server.
    pub(super) directory: &'a str,
    /// The directory with the server, to name in messages.
    pub(super) place: &'a str,
    /// Timeouts and attempts.
    pub(super) settings: &'a Fetching,
}

impl Upload<'_> {
    /// Puts the files on a server, in as many attempts as the job allows.
    pub(super) fn put(
        &self,
        connector: &dyn Connector,
        deadline: &FetchDeadline,
    ) -> Result<(), FetchError> {
        let throttle = Throttle::new(self.settings.bandwidth);
        let mut done = 0;
        let work = || -> Result<(), FetchError> {
            let mut attempt = 1;
            loop {
                let fault = match self.attempt(connector, deadline, &throttle, &mut done) {
                    Ok(()) => return Ok(()),
                    Err(fault) => deadline.explain(fault),
                };
                let pointless = matches!(fault, FetchError::NoPermission { .. });
                if pointless
                    || !fault.is_worth_another_attempt()
                    || attempt >= self.settings.attempts
                {
                    return Err(fault);
                }
                tracing::warn!(attempt, of = self.settings.attempts, "{fault}");
                deadline.wait_after(fault, attempt, self.settings.retry_wait)?;
                attempt += 1;
            }
        };
        deadline.while_watching_sockets(work).map_err(|fault| deadline.explain(fault))
    }

    /// Puts what is not there yet over one connection; `done` counts the files that are.
    fn attempt(
        &self,
        connector: &dyn Connector,
        deadline: &FetchDeadline,
        throttle: &Throttle,
        done: &mut usize,
    ) -> Result<(), FetchError> {
        let mut remote = connector.open()?;
        remote.enter(self.directory)?;
        for file in &self.files[*done..] {
            self.put_one(remote.as_mut(), file, deadline, throttle)?;
            *done += 1;
        }
        remote.close();
        Ok(())
    }

    fn put_one(
        &self,
        remote: &mut dyn Remote,
        path: &Path,
        deadline: &FetchDeadline,
        throttle: &Throttle,
    ) -> Result<(), FetchError> {
        let name = name_of(path)?;
        let part = format!("{name}{PART}");
        let unreadable = |source| FetchError::Unreadable { path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let mut sent = 0;
        remote.put(&part, &mut |buffer| {
            let read = file.read(buffer).map_err(unreadable)?;
            sent += read as u64;
            throttle.take(read as u64, deadline)?;
            Ok(read)
        })?;
        // Servers report success for a file that was cut off, too.
        if let Stat::Present(version) = remote.stat(&part)?
            && version.size.is_none_or(|size| size == sent)
        {
            return remote.rename(&part, name);
        }
        let reason = Message::new(
            format!("共 {sent} 字节，服务器上的文件大小与此不符"),
            format!("the file on the server does not have the {sent} bytes that were sent"),
        );
        Err(FetchError::Interrupted { what: name.to_owned(), reason })
    }
}

/// Puts files into a directory of this machine.
pub(super) fn put_here(files: &[PathBuf], directory: &Path) -> Result<(), FetchError> {
    let refused = |what: &Path, error: &io::Error| FetchError::NotStored {
        what: what.display().to_string(),
        reply: error.to_string(),
    };
    match std::fs::create_dir(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(directory, &error)),
    }
    for path in files {
        let target = directory.join(name_of(path)?);
        let mut source = File::open(path)
            .map_err(|source| FetchError::Unreadable { path: path.clone(), source })?;
        replace_file_with(&target, READABLE, |file| io::copy(&mut source, file).map(|_| ()))
            .map_err(|error| refused(&target, &error))?;
    }
    Ok(())
}

fn name_of(path: &Path) -> Result<&str, FetchError> {
    path.file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| FetchError::NotAFileName { name: path.display().to_string() })
}
