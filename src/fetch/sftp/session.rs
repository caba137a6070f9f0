//! One SFTP session, from login to the last byte of a file.

use std::io::SeekFrom;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg, Disconnect};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, FileType, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::super::remote::{Folder, Remote, Retrieved, Stat, Version};
use super::super::{FetchError, reply};
use super::async_bridge::{AsyncBridge, WaitError};
use super::connect::Account;
use super::fault;
use super::host_key_verifier::HostKeyVerifier;
use super::login::{self, NoLogin};
use super::wire_names::WireNames;

/// How much one request asks for, in bytes. Smaller pieces notice a stalled line sooner.
pub(super) const PIECE: u32 = 64 * 1024;
/// How many requests are under way at once: 2 MiB, enough for 50 MB/s at 40 ms.
const AHEAD: usize = 32;

/// A session, logged in.
pub(super) struct Session<'a> {
    account: &'a Account<'a>,
    /// The directory of names without one; empty for the one after login.
    pub(super) directory: String,
    pub(super) sftp: SftpSession,
    handle: Handle<HostKeyVerifier>,
    handler: HostKeyVerifier,
    names: Arc<WireNames>,
    // Last, so that what stands above is dropped while its thread still runs.
    async_bridge: AsyncBridge<'a>,
}

impl<'a> Session<'a> {
    /// Connects, makes sure of the host key, and logs in.
    pub(super) fn open(account: &'a Account<'a>) -> Result<Session<'a>, FetchError> {
        let async_bridge = AsyncBridge::new(account.deadline)
            .map_err(|error| account.unreachable(reply::io_reason(&error)))?;
        let (mut handle, handler) = account.connect(&async_bridge)?;
        let login = login::login(&mut handle, &account.credentials);
        account
            .or_unreachable(async_bridge.wait(account.timeout(), login))?
            .map_err(|error| login_error(account, error, &handler))?;
        let names = Arc::new(WireNames::new(account.source.encoding));
        let opening = open_sftp(&handle, &names);
        let sftp = account
            .or_unreachable(async_bridge.wait(account.timeout(), opening))?
            .map_err(|error| without_sftp(account, error, &handler))?;
        let directory = account.directory.clone();
        let session = Session { account, directory, sftp, handle, handler, names, async_bridge };
        session.make_sure_of_directory()?;
        Ok(session)
    }

    /// A path that is a file has no files below it, and most servers say of each only that it is not there. Whatever
    /// else is wrong with it shows when its files are looked at.
    fn make_sure_of_directory(&self) -> Result<(), FetchError> {
        let directory = &self.account.directory;
        if directory.is_empty() {
            return Ok(());
        }
        match self.attributes(directory, directory)? {
            Ok(found) if found.permissions.is_some() && found.file_type() == FileType::File => {
                Err(FetchError::NotAFolder { path: directory.into() })
            }
            _ => Ok(()),
        }
    }

    /// What the server knows of a path, in UTF-8 or, if it knows none such, in GB 18030. The names asked for next go out
    /// in the encoding in which it was found.
    fn attributes(
        &self,
        name: &str,
        path: &str,
    ) -> Result<Result<FileAttributes, SftpError>, FetchError> {
        let found = self.answer(name, self.sftp.metadata(path))?;
        if found.as_ref().is_err_and(is_absence) && self.names.may_be_gb18030(path) {
            self.names.set_gb18030(true);
            let again = self.answer(name, self.sftp.metadata(path))?;
            self.names.set_gb18030(again.is_ok());
            return Ok(again);
        }
        Ok(found)
    }

    pub(super) fn path(&self, name: &str) -> String {
        match self.directory.as_str() {
            "" => name.to_owned(),
            directory => format!("{}/{name}", directory.trim_end_matches('/')),
        }
    }

    /// Waits for an answer about a file.
    pub(super) fn answer<T>(
        &self,
        name: &str,
        answer: impl Future<Output = Result<T, SftpError>>,
    ) -> Result<Result<T, SftpError>, FetchError> {
        self.async_bridge.wait(self.account.timeout(), answer).map_err(|lapse| match lapse {
            WaitError::TimedOut => {
                FetchError::Interrupted { what: name.to_owned(), reason: fault::no_answer() }
            }
            WaitError::Ended(error) => error,
        })
    }

    pub(super) fn fault(&self, error: &SftpError, name: &str) -> FetchError {
        let what = name.to_owned();
        match error {
            SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => {
                FetchError::NoPermission { what, reply: self.words(error) }
            }
            SftpError::UnexpectedPacket => FetchError::Protocol {
                server: self.account.server(),
                reply: "an answer to another question".to_owned(),
            },
            error => {
                let disconnect_message = self.account.disconnect_message(&self.handler);
                let reason = fault::not_answered(error, disconnect_message);
                FetchError::Interrupted { what, reason }
            }
        }
    }

    pub(super) fn words(&self, error: &SftpError) -> String {
        self.account.printable(&error.to_string())
    }
}

impl Folder for Session<'_> {
    fn stat(&mut self, name: &str) -> Result<Stat, FetchError> {
        let path = self.path(name);
        let attributes = match self.attributes(name, &path)? {
            Ok(attributes) => attributes,
            Err(error) if is_absence(&error) => return Ok(Stat::Missing),
            Err(error) => return Err(self.fault(&error, name)),
        };
        // A server that reports no permissions reports no kind either.
        if attributes.permissions.is_some() && attributes.file_type() == FileType::Dir {
            return Err(FetchError::NotAFile { path: path.into() });
        }
        Ok(Stat::Present(Version {
            size: attributes.size,
            stamp: attributes.mtime.map(|seconds| seconds.to_string()),
            mtime: attributes.mtime.and_then(|s| DateTime::from_timestamp(i64::from(s), 0)),
        }))
    }

    fn list(&mut self) -> Result<Option<Vec<String>>, FetchError> {
        /// Most names of a directory that are looked at.
        const MOST: usize = 10_000;
        let directory = match self.account.directory.as_str() {
            "" => ".",
            directory => directory,
        };
        // A server that shows files and no directory has none to show.
        let entries = self.answer(directory, self.sftp.read_dir(directory))?.ok();
        Ok(entries.map(|entries| entries.take(MOST).map(|entry| entry.file_name()).collect()))
    }
}

impl Remote for Session<'_> {
    fn retrieve(
        &mut self,
        name: &str,
        offset: u64,
        most: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<Retrieved, FetchError> {
        let path = self.path(name);
        let opened = self.answer(name, async {
            let mut file = self.sftp.open(&path).await?;
            file.seek(SeekFrom::Start(offset)).await.map_err(fault::of_io)?;
            Ok(file)
        });
        let mut file = match opened? {
            Ok(file) => file,
            Err(SftpError::Status(status))
                if status.status_code != StatusCode::PermissionDenied =>
            {
                return Ok(Retrieved::Refused(self.words(&SftpError::Status(status))));
            }
            Err(error) => return Err(self.fault(&error, name)),
        };
        let mut buffer = vec![0; PIECE as usize];
        let mut total = 0;
        loop {
            let read = async { file.read(&mut buffer).await.map_err(fault::of_io) };
            match self.answer(name, read)? {
                Ok(0) => break,
                Ok(n) if total + n as u64 > most => return Ok(Retrieved::Beyond(total + n as u64)),
                Ok(n) => {
                    total += n as u64;
                    sink(&buffer[..n])?;
                }
                Err(error) => return Err(self.fault(&error, name)),
            }
        }
        self.answer(name, async { file.close().await.map_err(fault::of_io) })?
            .map_err(|error| self.fault(&error, name))?;
        Ok(Retrieved::Whole(total))
    }

    fn close(self: Box<Self>) {
        /// A server that is up closes the connection at once.
        const LONGEST: Duration = Duration::from_secs(1);
        let Session { handle, async_bridge, sftp, .. } = *self;
        let closed = async_bridge.wait(LONGEST, async {
            drop(sftp);
            handle.disconnect(Disconnect::ByApplication, "", "").await?;
            handle.await
        });
        if let Err(error) = closed {
            tracing::debug!("the session was not closed cleanly: {error:?}");
        }
    }
}

fn is_absence(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

fn login_error(account: &Account<'_>, error: NoLogin, handler: &HostKeyVerifier) -> FetchError {
    let server = account.server();
    if let Some(fault) = account.too_many_connections(handler) {
        return fault;
    }
    let disconnect_message = account.disconnect_message(handler);
    match error {
        NoLogin::Refused(words) => FetchError::LoginRefused {
            server,
            username: account.credentials.username.clone(),
            gbk_untried: false,
            reply: match disconnect_message {
                Some(last) => format!("{}; {last}", account.printable(&words)),
                None => account.printable(&words),
            },
        },
        NoLogin::NoUsableMethod(takes) => FetchError::LoginMethod { server, takes },
        NoLogin::Broken(error) => account.unreachable(fault::broken(&error, disconnect_message)),
    }
}

/// Why a connection that is logged in carries no SFTP.
enum NoSftp {
    /// The server does not offer it.
    Refused,
    /// The connection broke.
    Broken(russh::Error),
    /// What answers does not speak it.
    NotSpoken(SftpError),
}

fn without_sftp(account: &Account<'_>, error: NoSftp, handler: &HostKeyVerifier) -> FetchError {
    if let Some(fault) = account.too_many_connections(handler) {
        return fault;
    }
    let disconnect_message = account.disconnect_message(handler);
    match error {
        NoSftp::Refused => FetchError::Protocol {
            server: account.server(),
            reply: "it has SSH but gives this account no SFTP".to_owned(),
        },
        NoSftp::Broken(error) => account.unreachable(fault::broken(&error, disconnect_message)),
        NoSftp::NotSpoken(error) => {
            account.unreachable(fault::not_answered(&error, disconnect_message))
        }
    }
}

async fn open_sftp(
    handle: &Handle<HostKeyVerifier>,
    names: &Arc<WireNames>,
) -> Result<SftpSession, NoSftp> {
    /// Each wait is bounded by [`AsyncBridge`]. This clock runs from the moment a request is queued,
    /// so that on a slow line a short one would run out although the server delivers; in seconds.
    const NEVER: u64 = 24 * 60 * 60;
    let mut channel = handle.channel_open_session().await.map_err(NoSftp::Broken)?;
    channel.request_subsystem(true, "sftp").await.map_err(NoSftp::Broken)?;
    granted(&mut channel).await?;
    let config = russh_sftp::client::Config {
        max_packet_len: PIECE,
        max_concurrent_reads: AHEAD,
        request_timeout_secs: NEVER,
        ..russh_sftp::client::Config::default()
    };
    let stream = names.between(channel.into_stream());
    SftpSession::new_with_config(stream, config).await.map_err(NoSftp::NotSpoken)
}

/// Waits for the server to grant the request.
async fn granted(channel: &mut Channel<Msg>) -> Result<(), NoSftp> {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(()),
            Some(ChannelMsg::Failure | ChannelMsg::Close) => return Err(NoSftp::Refused),
            Some(_) => {}
            None => return Err(NoSftp::Broken(russh::Error::Disconnect)),
        }
    }
}
