//! One SFTP session, from connecting to the last byte of a file.
//!
//! Any error leaves the session in an unknown state; whoever gets one drops it.

mod fault;
mod host_key;
mod login;
mod patience;

use std::borrow::Cow;
use std::io::SeekFrom;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use russh::client::{self, Handle, Msg};
use russh::{Channel, ChannelMsg, Disconnect, Preferred, SshId, cipher, kex, mac};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::net::TcpStream;

use crate::model::{Cancel, Message};

use super::retry::Deadline;
use super::session::{Retrieved, Stat};
use super::{FetchError, reply};
use fault::Fault;
use host_key::{Doorkeeper, Kinds, Pin};
use login::{Credentials, NoLogin};
use patience::{Lapse, Patience};

/// How much one request asks for, in bytes. Smaller pieces notice a stalled line sooner.
const PIECE: u32 = 64 * 1024;
/// How many requests are under way at once: 2 MiB, enough for 50 MB/s at 40 ms.
const AHEAD: usize = 32;

/// What a session needs to know.
#[derive(Clone)]
pub(super) struct Account<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) credentials: Credentials,
    pub(super) pin: Option<Pin>,
    /// The remote directory; empty for the one after login.
    pub(super) directory: &'a str,
    /// Longest wait for any one answer.
    pub(super) timeout: Duration,
    pub(super) deadline: Deadline,
    pub(super) cancel: Cancel,
}

/// A session, logged in.
pub(super) struct Session<'a> {
    account: Account<'a>,
    sftp: SftpSession,
    handle: Handle<Doorkeeper>,
    door: Doorkeeper,
    // Last, so that what stands above is dropped while its thread still runs.
    patience: Patience,
}

impl<'a> Session<'a> {
    /// Connects, makes sure of the host key, and logs in.
    pub(super) fn open(account: Account<'a>) -> Result<Session<'a>, FetchError> {
        let server = account.server();
        let patience = Patience::new(account.deadline, account.cancel.clone())
            .map_err(|error| account.unreachable(reply::io_reason(&error)))?;
        let (mut handle, door) = account.connect(&patience)?;
        let logged_in =
            patience.wait(account.timeout, login::login(&mut handle, &account.credentials));
        match account.lapse(logged_in)? {
            Ok(()) => {}
            Err(NoLogin::Refused(words)) => {
                let username = account.credentials.username.clone();
                let said = door.last_words().map(|said| format!("{words}; {said}"));
                let reply = account.fit_to_show(&said.unwrap_or(words));
                return Err(FetchError::LoginRefused { server, username, reply });
            }
            Err(NoLogin::NothingToShow(takes)) => {
                return Err(FetchError::LoginMethod { server, takes });
            }
            Err(NoLogin::Broken(error)) => {
                let words = door.last_words().map(|said| account.fit_to_show(&said));
                return Err(account.unreachable(fault::broken(&error, words)));
            }
        }
        let opened = patience.wait(account.timeout, open_sftp(&handle, account.deadline));
        let sftp = account.lapse(opened)?.map_err(|error| account.no_sftp(error, &door))?;
        Ok(Session { account, sftp, handle, door, patience })
    }

    /// Size and time of a file.
    pub(super) fn stat(&mut self, name: &str) -> Result<Stat, FetchError> {
        let path = self.account.path(name);
        let told = self.patience.wait(self.account.timeout, self.sftp.metadata(&path));
        let attributes = match self.account.lapse_of(told, name)? {
            Ok(attributes) => attributes,
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                return Ok(Stat::Missing);
            }
            Err(error) => return Err(self.fault(error, name)),
        };
        if attributes.permissions.is_some() && !attributes.file_type().is_file() {
            return Err(FetchError::NotAFile { path: path.into() });
        }
        let mtime = attributes
            .mtime
            .and_then(|seconds| DateTime::from_timestamp(i64::from(seconds), 0))
            .map(|time| time.naive_utc());
        Ok(Stat::Present { size: attributes.size, mtime })
    }

    /// Downloads a file from `offset` on into `sink`, piece by piece; gives up beyond `most` bytes.
    ///
    /// [`Retrieved::Whole`] says that the server came to the end of the file as it is now. Compare
    /// the number of bytes with the size.
    pub(super) fn retrieve(
        &mut self,
        name: &str,
        offset: u64,
        most: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<Retrieved, FetchError> {
        let path = self.account.path(name);
        let timeout = self.account.timeout;
        let opened = self.patience.wait(timeout, async {
            let mut file = self.sftp.open(&path).await?;
            file.seek(SeekFrom::Start(offset)).await?;
            Ok(file)
        });
        let mut file = match self.account.lapse_of(opened, name)? {
            Ok(file) => file,
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                return Ok(Retrieved::Refused);
            }
            Err(error) => return Err(self.fault(error, name)),
        };
        let mut buffer = vec![0; PIECE as usize];
        let mut total = 0;
        loop {
            let read = self.patience.wait(timeout, file.read(&mut buffer));
            match self.account.lapse_of(read, name)? {
                Ok(0) => break,
                Ok(n) if total + n as u64 > most => return Ok(Retrieved::Beyond(total + n as u64)),
                Ok(n) => {
                    total += n as u64;
                    sink(&buffer[..n])?;
                }
                Err(error) => return Err(self.fault(error.into(), name)),
            }
        }
        let closed = self.patience.wait(timeout, file.close());
        self.account.lapse_of(closed, name)?.map_err(|error| self.fault(error.into(), name))?;
        Ok(Retrieved::Whole(total))
    }

    /// Says good-bye, whatever the server makes of it.
    pub(super) fn close(self) {
        /// A server that is up takes its leave at once.
        const LONGEST: Duration = Duration::from_secs(1);
        let Session { handle, patience, sftp, .. } = self;
        let gone = patience.wait(LONGEST, async {
            drop(sftp);
            handle.disconnect(Disconnect::ByApplication, "", "").await?;
            handle.await
        });
        if let Err(lapse) = gone {
            tracing::debug!("the session was not closed in good order: {lapse:?}");
        }
    }

    fn fault(&self, error: SftpError, name: &str) -> FetchError {
        let what = name.to_owned();
        match error {
            SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => {
                let reply = self.account.fit_to_show(&status.error_message);
                FetchError::FileRefused { what, reply }
            }
            SftpError::UnexpectedPacket => FetchError::Protocol {
                server: self.account.server(),
                reply: "an answer to another question".to_owned(),
            },
            error => {
                let words = self.door.last_words().map(|said| self.account.fit_to_show(&said));
                let reason = fault::not_answered(&error, !self.handle.is_closed(), words);
                FetchError::Interrupted { what, reason }
            }
        }
    }
}

impl Account<'_> {
    fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn path(&self, name: &str) -> String {
        match self.directory {
            "" => name.to_owned(),
            directory => format!("{}/{name}", directory.trim_end_matches('/')),
        }
    }

    /// A connection to a server with the pinned host key, and who looked at that key.
    fn connect(&self, patience: &Patience) -> Result<(Handle<Doorkeeper>, Doorkeeper), FetchError> {
        let server = self.server();
        let mut kinds = Kinds::all();
        let mut others: Vec<host_key::Shown> = Vec::new();
        loop {
            let door = Doorkeeper::new(self.pin);
            let socket = self.dial(patience)?;
            let connected = patience
                .wait(self.timeout, client::connect_stream(config(&kinds), socket, door.clone()));
            match self.lapse(connected)? {
                Ok(handle) => return Ok((handle, door)),
                Err(Fault::OtherHostKey(shown)) => {
                    kinds = kinds.without(&shown);
                    others.push(shown);
                    if !kinds.is_empty() {
                        continue;
                    }
                }
                // It has no keys but those that it showed.
                Err(Fault::Ssh(_)) if !others.is_empty() => {}
                Err(Fault::Ssh(error)) => {
                    let words = door.last_words().map(|said| self.fit_to_show(&said));
                    return Err(fault::not_connected(error, server, words));
                }
            }
            let shown = others.iter().map(ToString::to_string).collect();
            return Err(FetchError::HostKey { server, shown, pinned: self.pin.is_some() });
        }
    }

    /// Connects to the first of the host's addresses that answers.
    fn dial(&self, patience: &Patience) -> Result<TcpStream, FetchError> {
        /// No server that is up takes longer to accept a connection.
        const LONGEST: Duration = Duration::from_secs(10);
        let resolved = patience.wait(self.timeout, tokio::net::lookup_host((self.host, self.port)));
        let addresses = self.lapse(resolved)?.map_err(|error| {
            self.unreachable(Message::new(
                format!("主机名无法解析：{error}"),
                format!("the host name does not resolve: {error}"),
            ))
        })?;
        let mut last = Message::fixed("主机名没有地址", "the host name has no address");
        for address in addresses {
            let connected = patience.wait(self.timeout.min(LONGEST), TcpStream::connect(address));
            last = match connected {
                Ok(Ok(socket)) => {
                    // Without it a request waits for the answer to the one before.
                    socket.set_nodelay(true).map_err(|e| self.unreachable(reply::io_reason(&e)))?;
                    return Ok(socket);
                }
                Ok(Err(error)) => reply::io_reason(&error),
                Err(Lapse::Silence) => fault::no_answer(),
                Err(Lapse::End(error)) => return Err(error),
            };
        }
        Err(self.unreachable(last))
    }

    fn unreachable(&self, reason: Message) -> FetchError {
        FetchError::Unreachable { server: self.server(), reason }
    }

    /// A lapse before it comes to files.
    fn lapse<T>(&self, answer: Result<T, Lapse>) -> Result<T, FetchError> {
        answer.map_err(|lapse| match lapse {
            Lapse::Silence => self.unreachable(fault::no_answer()),
            Lapse::End(error) => error,
        })
    }

    /// A lapse during the transfer of a file.
    fn lapse_of<T>(&self, answer: Result<T, Lapse>, name: &str) -> Result<T, FetchError> {
        answer.map_err(|lapse| match lapse {
            Lapse::Silence => {
                FetchError::Interrupted { what: name.to_owned(), reason: fault::no_answer() }
            }
            Lapse::End(error) => error,
        })
    }

    /// The server's words without secrets.
    fn fit_to_show(&self, words: &str) -> String {
        let secrets: Vec<&str> =
            self.credentials.password.iter().map(|secret| secret.expose()).collect();
        reply::fit_to_show(words, &secrets)
    }

    fn no_sftp(&self, error: NoSftp, door: &Doorkeeper) -> FetchError {
        let words = door.last_words().map(|said| self.fit_to_show(&said));
        match error {
            NoSftp::Refused => FetchError::Protocol {
                server: self.server(),
                reply: "it has SSH but gives this account no SFTP".to_owned(),
            },
            NoSftp::Broken(error) => self.unreachable(fault::broken(&error, words)),
            NoSftp::NotSpoken(error) => self.unreachable(fault::not_answered(&error, true, words)),
        }
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

async fn open_sftp(handle: &Handle<Doorkeeper>, deadline: Deadline) -> Result<SftpSession, NoSftp> {
    let mut channel = handle.channel_open_session().await.map_err(NoSftp::Broken)?;
    channel.request_subsystem(true, "sftp").await.map_err(NoSftp::Broken)?;
    granted(&mut channel).await?;
    let config = russh_sftp::client::Config {
        max_packet_len: PIECE,
        max_concurrent_reads: AHEAD,
        // Each wait is bounded by `Patience`. This clock runs from the moment a request is queued:
        // a slow line would fail although it delivers.
        request_timeout_secs: deadline.allowed().as_secs() + 1,
        ..russh_sftp::client::Config::default()
    };
    SftpSession::new_with_config(channel.into_stream(), config).await.map_err(NoSftp::NotSpoken)
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

/// What is offered to the server: nothing that rests on SHA-1 or CBC.
fn config(kinds: &Kinds) -> Arc<client::Config> {
    const KEX: &[kex::Name] = &[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::ECDH_SHA2_NISTP256,
        kex::ECDH_SHA2_NISTP384,
        kex::ECDH_SHA2_NISTP521,
        kex::DH_GEX_SHA256,
        kex::DH_G18_SHA512,
        kex::DH_G16_SHA512,
        kex::DH_G14_SHA256,
        kex::EXTENSION_SUPPORT_AS_CLIENT,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    ];
    // Processors have instructions for the first ones.
    const CIPHERS: &[cipher::Name] = &[
        cipher::AES_256_GCM,
        cipher::AES_128_GCM,
        cipher::CHACHA20_POLY1305,
        cipher::AES_256_CTR,
        cipher::AES_192_CTR,
        cipher::AES_128_CTR,
    ];
    const MACS: &[mac::Name] =
        &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];
    let preferred = Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Owned(kinds.algorithms()),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        ..Preferred::DEFAULT
    };
    let id = concat!("SSH-2.0-orgsnap_", env!("CARGO_PKG_VERSION"));
    Arc::new(client::Config {
        client_id: SshId::Standard(Cow::Borrowed(id)),
        preferred,
        // Routers forget connections on which nothing moves, as while waiting for a file.
        keepalive_interval: Some(Duration::from_secs(20)),
        ..client::Config::default()
    })
}
