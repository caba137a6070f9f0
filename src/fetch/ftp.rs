//! Fetching from an FTP server: what is tried again, and what is accepted.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::job::{FtpSource, Secret};
use crate::model::{Feed, Message};

use super::digest::Hasher;
use super::disk::{DiskError, create_private_dirs, create_private_file, sync_dir};
use super::retry::Deadline;
use super::session::{Account, Passive, Retrieved, Session, Stat};
use super::{FetchError, Fetched, Progress, RawDelivery, RawFile, Request};

/// Downloads the delivery of an account.
pub(super) fn fetch(
    source: &FtpSource,
    request: &Request<'_>,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    let password: Secret = source.password.reveal()?;
    let place = request.source.describe(request.date);
    let directory = source.path.on(request.date);
    let deadline = Deadline::starting_now(source.deadline);
    create_private_dirs(request.workdir)?;
    let account =
        Account { source, password: &password, directory: &directory, place: &place, deadline };
    let mut download = Download {
        account,
        request,
        progress,
        session: None,
        passive: Passive::Extended,
        kept: Vec::new(),
    };
    let mut files = Vec::with_capacity(Feed::ALL.len());
    for feed in Feed::ALL {
        files.push(download.take(feed)?);
    }
    if let Some(session) = download.session.take() {
        session.close();
    }
    sync_dir(request.workdir)?;
    let downloads = std::mem::take(&mut download.kept);
    Ok(RawDelivery { source: place, files, downloads })
}

/// A download under way.
struct Download<'a> {
    account: Account<'a>,
    request: &'a Request<'a>,
    progress: &'a dyn Progress,
    /// The connection, while it is good.
    session: Option<Session<'a>>,
    passive: Passive,
    kept: Vec<PathBuf>,
}

impl<'a> Download<'a> {
    /// One file, in as many attempts as the job allows, each after a fault on a fresh connection.
    fn take(&mut self, feed: Feed) -> Result<Fetched, FetchError> {
        let source = self.account.source;
        let mut attempt = 1;
        loop {
            let fault = match self.attempt(feed) {
                Ok(fetched) => return Ok(fetched),
                Err(fault) => fault,
            };
            if let Some(session) = self.session.take() {
                self.passive = session.next_passive();
            }
            if !fault.is_worth_another_attempt() || attempt >= source.attempts {
                return Err(fault);
            }
            tracing::warn!(attempt, of = source.attempts, "{fault}");
            self.account.deadline.wait_after(fault, attempt, source.retry_wait)?;
            attempt += 1;
        }
    }

    fn attempt(&mut self, feed: Feed) -> Result<Fetched, FetchError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(self.account, self.passive)?,
        };
        let fetched = self.take_with(&mut session, feed);
        // Kept after a fault too, for what it knows of passive mode; `take` drops it then.
        self.session = Some(session);
        if matches!(fetched, Ok(Fetched::Oversized { .. })) {
            self.session = None;
        }
        fetched
    }

    fn take_with(&mut self, session: &mut Session<'a>, feed: Feed) -> Result<Fetched, FetchError> {
        let name = self.request.schema.feed(feed).file_name.clone();
        let limit = self.request.max_file_size;
        let before = session.stat(&name)?;
        let Stat::Present { size, mtime } = before else {
            return Ok(Fetched::Missing { feed, name });
        };
        if let Some(size) = size.filter(|&size| size > limit) {
            return Ok(Fetched::Oversized { feed, name, size, limit });
        }
        let part = self.request.workdir.join(format!("{name}.part"));
        let mut file = create_private_file(&part)?;
        let taken = self.receive(session, feed, &name, size, Some((&mut file, &part)))?;
        let (bytes, sha256) = match (taken, size) {
            (Received::Whole(bytes, sha256), _) => (bytes, sha256),
            (Received::Refused, None) => return Ok(Fetched::Missing { feed, name }),
            (Received::Refused, Some(_)) => {
                let reply = "550".to_owned();
                return Err(FetchError::FileRefused { what: name, reply });
            }
            (Received::Beyond(size), None) => {
                return Ok(Fetched::Oversized { feed, name, size, limit });
            }
            (Received::Beyond(_), Some(size)) => return Err(longer_than(&name, size)),
        };
        match size {
            Some(size) if bytes.len() as u64 != size => {
                return Err(cut_short(&name, bytes.len() as u64, size));
            }
            Some(_) => {}
            // Without a size a cut-off file cannot be told from a whole one. A second download that
            // is the same is good evidence; it needs no place on disk.
            None => match self.receive(session, feed, &name, None, None)? {
                Received::Whole(_, again) if again == sha256 => {}
                _ => return Err(FetchError::Changing { what: name }),
            },
        }
        // SIZE tells nothing of a file that was replaced meanwhile, or was growing all along.
        if session.stat(&name)? != before {
            return Err(FetchError::Changing { what: name });
        }
        let kept = self.request.workdir.join(&name);
        file.sync_all().map_err(DiskError::at(&part))?;
        std::fs::rename(&part, &kept).map_err(DiskError::at(&kept))?;
        self.kept.push(kept);
        let size = bytes.len() as u64;
        let mtime = mtime.map(|mtime| mtime.and_utc());
        Ok(Fetched::File(RawFile { feed, name, bytes, sha256, size, mtime }))
    }

    /// Downloads once: into memory with the hash, and into a file where one is given.
    fn receive(
        &self,
        session: &mut Session<'a>,
        feed: Feed,
        name: &str,
        size: Option<u64>,
        mut file: Option<(&mut File, &Path)>,
    ) -> Result<Received, FetchError> {
        self.progress.file(feed, size);
        let most = size.unwrap_or(self.request.max_file_size);
        let mut bytes = Vec::with_capacity(usize::try_from(size.unwrap_or(0)).unwrap_or(0));
        let mut hasher = Hasher::default();
        let retrieved = session.retrieve(name, most, &mut |piece| {
            if let Some((file, path)) = &mut file {
                file.write_all(piece).map_err(DiskError::at(path))?;
            }
            hasher.update(piece);
            bytes.extend_from_slice(piece);
            self.progress.bytes(feed, piece.len() as u64);
            Ok(())
        })?;
        Ok(match retrieved {
            Retrieved::Whole(_) => Received::Whole(bytes, hasher.finish()),
            Retrieved::Beyond(total) => Received::Beyond(total),
            Retrieved::Refused => Received::Refused,
        })
    }
}

/// What a download brought.
enum Received {
    /// All that the server sent, with its SHA-256.
    Whole(Vec<u8>, String),
    /// More than was allowed.
    Beyond(u64),
    /// The server does not hand the file out.
    Refused,
}

fn cut_short(name: &str, got: u64, size: u64) -> FetchError {
    let reason = Message::new(
        format!("共 {size} 字节，只收到 {got} 字节"),
        format!("{got} of {size} bytes came"),
    );
    FetchError::Interrupted { what: name.to_owned(), reason }
}

fn longer_than(name: &str, size: u64) -> FetchError {
    let reason = Message::new(
        format!("收到的内容超过服务器报告的 {size} 字节"),
        format!("more came than the {size} bytes that the server told"),
    );
    FetchError::Interrupted { what: name.to_owned(), reason }
}
