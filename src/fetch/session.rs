//! One control connection to an FTP server, from connecting to the last byte of a file.
//!
//! Any error leaves the connection in an unknown state; whoever gets one drops the session.

use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDateTime;
use suppaftp::types::{FileType, Response};
use suppaftp::{FtpError, Mode, RustlsConnector, RustlsFtpStream, TlsConnector, TransferStream};

use crate::config::job::{FtpSource, Secret, Tls};
use crate::model::Message;

use super::retry::Deadline;
use super::{FetchError, reply, tls};

/// The data connection of a download.
type Transfer = TransferStream<<RustlsConnector as TlsConnector>::Stream>;

/// How to open data connections. Active mode is not among them: it needs a port open to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passive {
    /// EPSV, which carries no address that could be wrong.
    Extended,
    /// PASV, of whose answer only the port is used.
    Classic,
}

/// What a session needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) source: &'a FtpSource,
    pub(super) password: &'a Secret,
    /// The remote directory; empty for the one after login.
    pub(super) directory: &'a str,
    /// The whole address without secrets, to name in messages.
    pub(super) place: &'a str,
    pub(super) deadline: Deadline,
}

/// A file as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stat {
    /// Not there.
    Missing,
    /// There, or so it seems: without a size, only RETR tells.
    Present {
        /// Size in bytes, if the server knows SIZE.
        size: Option<u64>,
        /// Time as the server gives it, if it knows MDTM.
        mtime: Option<NaiveDateTime>,
    },
}

/// How a download ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retrieved {
    /// All came, so many bytes, and the server says so too.
    Whole(u64),
    /// More came than was allowed; the connection is dead now.
    Beyond(u64),
    /// The server does not hand the file out.
    Refused,
}

/// A control connection, logged in, in binary mode and in the right directory.
pub(super) struct Session<'a> {
    account: Account<'a>,
    stream: RustlsFtpStream,
    passive: Passive,
    data_blocked: Arc<AtomicBool>,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub(super) fn open(account: Account<'a>, passive: Passive) -> Result<Self, FetchError> {
        let source = account.source;
        let server = server_of(source);
        let fault = |error| reply::fault(error, &server, &server, account.password);
        let socket = connect(account, &server)?;
        let stream = RustlsFtpStream::connect_with_stream(socket)
            .map_err(|error| not_welcome(error, &server, account.password))?;

        let data_blocked = Arc::new(AtomicBool::new(false));
        let blocked = Arc::clone(&data_blocked);
        let (timeout, deadline) = (source.timeout, account.deadline);
        let mut stream = stream.passive_stream_builder(move |address| {
            let connected = data_socket(address, timeout, deadline);
            blocked.store(connected.is_err(), Ordering::Relaxed);
            connected.map_err(FtpError::ConnectionError)
        });
        stream.set_passive_nat_workaround(true);
        stream.set_mode(mode(passive));

        if let Tls::Explicit(trust) = &source.tls {
            let connector = RustlsConnector::from(tls::client_config(trust)?);
            stream = stream.into_secure(connector, &source.host).map_err(|error| match error {
                FtpError::UnexpectedResponse(response) if reply::code(&response) >= 500 => {
                    let reply = reply::text(&response, account.password);
                    FetchError::TlsRefused { server: server.clone(), reply }
                }
                error => fault(error),
            })?;
        }
        stream.login(source.username.as_str(), account.password.expose()).map_err(|error| {
            match error {
                FtpError::UnexpectedResponse(response) if !is_transient(&response) => {
                    let reply = reply::text(&response, account.password);
                    let username = source.username.clone();
                    FetchError::LoginRefused { server: server.clone(), username, reply }
                }
                error => fault(error),
            }
        })?;
        // The default is ASCII, in which servers change line ends.
        stream.transfer_type(FileType::Binary).map_err(fault)?;
        if !account.directory.is_empty() {
            stream.cwd(account.directory).map_err(|error| match error {
                FtpError::UnexpectedResponse(response) if reply::code(&response) == 550 => {
                    FetchError::NothingThere { place: account.place.to_owned() }
                }
                error => fault(error),
            })?;
        }
        Ok(Session { account, stream, passive, data_blocked })
    }

    /// How the next session should open data connections: where EPSV's port was out of reach, a
    /// firewall on the way may know only PASV, and the other way round.
    pub(super) fn next_passive(&self) -> Passive {
        match (self.passive, self.data_blocked.load(Ordering::Relaxed)) {
            (passive, false) => passive,
            (Passive::Extended, true) => Passive::Classic,
            (Passive::Classic, true) => Passive::Extended,
        }
    }

    /// Size and time of a file. LIST is never used: there is no standard for what it answers.
    pub(super) fn stat(&mut self, name: &str) -> Result<Stat, FetchError> {
        self.account.deadline.remaining()?;
        let size = match self.stream.size(name) {
            Ok(size) => Some(size as u64),
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => {
                return Ok(Stat::Missing);
            }
            Err(error) => self.unless_not_known(error, name)?,
        };
        let mtime = match self.stream.mdtm(name) {
            Ok(mtime) => Some(mtime),
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => None,
            Err(error) => self.unless_not_known(error, name)?,
        };
        Ok(Stat::Present { size, mtime })
    }

    /// Downloads a file into `sink`, piece by piece; gives up beyond `most` bytes.
    ///
    /// [`Retrieved::Whole`] says that the data connection ended in good order and that the server
    /// reports success. Both together do not prove that the file is whole: servers report success
    /// for a cut-off plain transfer too. Compare the number of bytes with SIZE.
    pub(super) fn retrieve(
        &mut self,
        name: &str,
        most: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<Retrieved, FetchError> {
        let mut transfer = match self.open_transfer(name) {
            Ok(transfer) => transfer,
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => {
                return Ok(Retrieved::Refused);
            }
            Err(error) => return Err(self.fault(error, name)),
        };
        let mut buffer = vec![0; 256 * 1024];
        let mut total = 0;
        loop {
            let taken = match self.account.deadline.remaining() {
                Err(error) => Err(error),
                Ok(_) => match transfer.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) if total + n as u64 > most => {
                        self.hang_up(transfer);
                        return Ok(Retrieved::Beyond(total + n as u64));
                    }
                    Ok(n) => {
                        total += n as u64;
                        sink(&buffer[..n])
                    }
                    Err(error) => Err(self.fault(FtpError::ConnectionError(error), name)),
                },
            };
            if let Err(error) = taken {
                self.hang_up(transfer);
                return Err(error);
            }
        }
        // A refused TLS data connection ends cleanly after no byte at all; only this reply tells.
        transfer.finish().map_err(|error| match error {
            FtpError::UnexpectedResponse(response) if reply::code(&response) != 522 => {
                let words = reply::text(&response, self.account.password);
                let reason = Message::new(words.clone(), words);
                FetchError::Interrupted { what: name.to_owned(), reason }
            }
            error => self.fault(error, name),
        })?;
        Ok(Retrieved::Whole(total))
    }

    /// Says good-bye, whatever the server makes of it.
    pub(super) fn close(mut self) {
        if let Err(error) = self.stream.quit() {
            tracing::debug!("quit: {}", self.fault(error, self.account.place));
        }
    }

    /// Opens the data connection; falls back from EPSV to PASV where the server knows only that.
    fn open_transfer(&mut self, name: &str) -> Result<Transfer, FtpError> {
        let refuses_epsv = |error: &FtpError| match error {
            FtpError::UnexpectedResponse(response) => {
                matches!(reply::code(response), 500 | 501 | 502 | 504 | 522)
            }
            error => matches!(error, FtpError::BadResponse),
        };
        match self.stream.retr_as_stream(name) {
            Err(error) if self.passive == Passive::Extended && refuses_epsv(&error) => {
                self.passive = Passive::Classic;
                self.stream.set_mode(mode(self.passive));
                self.stream.retr_as_stream(name)
            }
            other => other,
        }
    }

    /// Ends a transfer at once. Dropping it alone would wait for the server's reply.
    fn hang_up(&mut self, transfer: Transfer) {
        // Either socket may be closed already, which is as good.
        _ = transfer.get_ref().get_ref().shutdown(Shutdown::Both);
        _ = self.stream.get_ref().shutdown(Shutdown::Both);
        drop(transfer);
    }

    /// `None` for a command that the server does not know.
    fn unless_not_known<T>(&self, error: FtpError, name: &str) -> Result<Option<T>, FetchError> {
        match &error {
            FtpError::BadResponse => Ok(None),
            FtpError::UnexpectedResponse(response)
                if matches!(reply::code(response), 500..=504) =>
            {
                Ok(None)
            }
            _ => Err(self.fault(error, name)),
        }
    }

    fn fault(&self, error: FtpError, what: &str) -> FetchError {
        reply::fault(error, &server_of(self.account.source), what, self.account.password)
    }
}

fn server_of(source: &FtpSource) -> String {
    format!("{}:{}", source.host, source.port)
}

fn mode(passive: Passive) -> Mode {
    match passive {
        Passive::Extended => Mode::ExtendedPassive,
        Passive::Classic => Mode::Passive,
    }
}

/// Connects to the first of the host's addresses that answers.
fn connect(account: Account<'_>, server: &str) -> Result<TcpStream, FetchError> {
    /// No server that is up takes longer to accept a connection.
    const LONGEST: Duration = Duration::from_secs(10);
    let source = account.source;
    let unreachable = |reason| FetchError::Unreachable { server: server.to_owned(), reason };
    let addresses = (source.host.as_str(), source.port).to_socket_addrs().map_err(|error| {
        unreachable(Message::new(
            format!("主机名无法解析：{error}"),
            format!("the host name does not resolve: {error}"),
        ))
    })?;
    let mut last = None;
    for address in addresses {
        let patience = account.deadline.bound(source.timeout.min(LONGEST))?;
        let connected = TcpStream::connect_timeout(&address, patience).and_then(|socket| {
            set_timeouts(&socket, account.deadline.bound(source.timeout).unwrap_or(patience))?;
            Ok(socket)
        });
        match connected {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(reply::io_reason(&error)),
        }
    }
    let no_address = Message::fixed("主机名没有地址", "the host name has no address");
    Err(unreachable(last.unwrap_or(no_address)))
}

fn data_socket(
    address: SocketAddr,
    timeout: Duration,
    deadline: Deadline,
) -> std::io::Result<TcpStream> {
    let patience = deadline.bound(timeout).map_err(std::io::Error::other)?;
    let socket = TcpStream::connect_timeout(&address, patience)?;
    set_timeouts(&socket, patience)?;
    Ok(socket)
}

fn set_timeouts(socket: &TcpStream, timeout: Duration) -> std::io::Result<()> {
    socket.set_read_timeout(Some(timeout))?;
    socket.set_write_timeout(Some(timeout))?;
    socket.set_nodelay(true)
}

/// A server that accepts a connection and then sends no greeting, or an unfriendly one, is as good
/// as out of reach.
fn not_welcome(error: FtpError, server: &str, secret: &Secret) -> FetchError {
    let reason = match error {
        FtpError::ConnectionError(error) => reply::io_reason(&error),
        FtpError::UnexpectedResponse(response) => {
            let words = reply::text(&response, secret);
            Message::new(words.clone(), words)
        }
        _ => Message::fixed("对方不是 FTP 服务器", "what answers is no FTP server"),
    };
    FetchError::Unreachable { server: server.to_owned(), reason }
}

fn is_transient(response: &Response) -> bool {
    let code = reply::code(response);
    // 430 is "invalid user name or password" in spite of its first digit.
    (400..=499).contains(&code) && code != 430
}
