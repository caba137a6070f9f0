//! One control connection to an FTP server, from connecting to the last byte of a file.
//!
//! Any error leaves the connection in an unknown state; the caller must drop the session.

mod account;
mod active;
mod data_mode;
mod lenient;
mod listing;
mod refusal;
mod sockets;
mod store;

use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rustls::ClientConfig;
use suppaftp::types::FileType;
use suppaftp::{FtpError, RustlsConnector, RustlsFtpStream, Status};

use crate::config::job::{NameEncoding, Tls};

use super::deadline::RegisteredSocket;
use super::remote::{Remote, Retrieved, Store as _};
use super::transfer::Transfer;
use super::{FetchError, names, reply, tls};
use data_mode::mode;
use refusal::{greeting_error, login_error, reply_message};
use sockets::{DataSockets, connect};

pub(super) use account::Account;
use data_mode::DataCommand;
pub(super) use data_mode::DataMode;

/// A control connection, logged in, in binary mode and in the right directory.
pub(super) struct Session<'a> {
    account: Account<'a>,
    stream: RustlsFtpStream,
    tls: Option<Arc<ClientConfig>>,
    data_mode: DataMode,
    /// How the next session should open data connections.
    learned: &'a AtomicU8,
    /// Names go out in GB 18030.
    gb18030: bool,
    /// The directory for files that are put there, once it was entered.
    entered: Option<String>,
    /// A reply is left unread, so no further command can be sent.
    unusable: bool,
    data: Arc<DataSockets>,
    _registered: RegisteredSocket,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub(super) fn open(
        account: Account<'a>,
        data_mode: DataMode,
        learned: &'a AtomicU8,
    ) -> Result<Self, FetchError> {
        let source = account.source;
        let server = account.server();
        let fault = |error| reply::fault(error, &server, &server, account.password);
        let socket = connect(account, &server)?;
        let registered = account
            .deadline
            .register_socket(&socket)
            .map_err(FtpError::ConnectionError)
            .map_err(fault)?;
        let tls = match &source.tls {
            Tls::Plain => None,
            Tls::Explicit(trust) | Tls::Implicit(trust) => {
                Some(tls::client_config(trust, account.certificate)?)
            }
        };
        let stream = match (&source.tls, &tls) {
            (Tls::Implicit(_), Some(config)) => {
                super::implicit::connect(socket, Arc::clone(config), &source.host)
            }
            _ => RustlsFtpStream::connect_with_stream(socket),
        };
        let stream = stream.map_err(|error| greeting_error(error, &server, account.password))?;

        let data = Arc::new(DataSockets::new(account.deadline, source.fetching.timeout));
        let sockets = Arc::clone(&data);
        let mut stream = stream.passive_stream_builder(move |address| {
            sockets.open(address).map_err(FtpError::ConnectionError)
        });
        stream.set_passive_nat_workaround(true);
        stream.set_mode(mode(data_mode));

        let refused = |error| match error {
            FtpError::UnexpectedResponse(response) if reply::code(&response) >= 500 => {
                let reply = reply::text(&response, account.password);
                FetchError::TlsRefused { server: server.clone(), reply }
            }
            error => fault(error),
        };
        match (&source.tls, &tls) {
            (Tls::Explicit(_), Some(config)) => {
                stream = stream
                    .into_secure(RustlsConnector::from(Arc::clone(config)), &source.host)
                    .map_err(refused)?;
            }
            (Tls::Implicit(_), _) => {
                // suppaftp does not ask for protected data connections here.
                for command in ["PBSZ 0", "PROT P"] {
                    stream.custom_command(command, &[Status::CommandOk]).map_err(refused)?;
                }
            }
            _ => {}
        }
        // User name and password are written as names are; nothing is tried twice, or an account would be locked.
        if source.encoding == NameEncoding::Gb18030 {
            stream.set_encoding(names::Gb18030);
        }
        stream
            .login(source.username.as_str(), account.password.expose())
            .map_err(|error| login_error(error, account, &server))?;
        // The default is ASCII, in which servers change line ends.
        stream.transfer_type(FileType::Binary).map_err(fault)?;
        let mut session = Session {
            account,
            stream,
            tls,
            data_mode,
            learned,
            gb18030: false,
            entered: None,
            unusable: false,
            data,
            _registered: registered,
        };
        session.set_names_in_gb18030(source.encoding == NameEncoding::Gb18030);
        session.enter_delivery()?;
        Ok(session)
    }

    fn enter_delivery(&mut self) -> Result<(), FetchError> {
        let directory = self.account.directory;
        if directory.is_empty() {
            return Ok(());
        }
        let is_missing = |error: &FtpError| matches!(error, FtpError::UnexpectedResponse(response) if reply::code(response) == 550);
        let mut entered = self.stream.cwd(directory);
        if entered.as_ref().is_err_and(is_missing) && self.may_be_gb18030(directory) {
            self.set_names_in_gb18030(true);
            entered = self.stream.cwd(directory);
        }
        match entered {
            Ok(()) => Ok(()),
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => {
                Err(refusal::of_directory(&mut self.stream, &response, self.account))
            }
            Err(error) => Err(self.fault(error, self.account.place)),
        }
    }

    /// Whether a name that the server does not know may be known to it in GB 18030.
    fn may_be_gb18030(&self, name: &str) -> bool {
        self.account.source.encoding == NameEncoding::Auto && !self.gb18030 && !name.is_ascii()
    }

    fn set_names_in_gb18030(&mut self, yes: bool) {
        self.gb18030 = yes;
        match yes {
            true => self.stream.set_encoding(names::Gb18030),
            false => self.stream.set_encoding(suppaftp::Utf8Encoding),
        }
    }

    /// A session that can no longer be used is replaced by a new one.
    fn renew(&mut self) -> Result<(), FetchError> {
        if self.unusable {
            // A server of few connections wants the old one gone first; it may be closed already.
            _ = self.stream.get_ref().shutdown(Shutdown::Both);
            let gb18030 = self.gb18030;
            let entered = self.entered.take();
            *self = Session::open(self.account, self.data_mode, self.learned)?;
            self.set_names_in_gb18030(gb18030);
            if let Some(directory) = entered {
                self.enter(&directory)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, command: DataCommand<'_>) -> Result<Transfer, FtpError> {
        loop {
            let result = match (self.data_mode, command) {
                (DataMode::Lenient | DataMode::Active, _) | (_, DataCommand::List) => {
                    return self.begin_on_socket(command);
                }
                (_, DataCommand::Retrieve { name, offset }) => {
                    // A second REST comes just before RETR. A number beyond `usize` has no machine.
                    self.stream.resume_transfer(usize::try_from(offset).unwrap_or(usize::MAX))?;
                    self.stream.retr_as_stream(name).map(Transfer::Suppaftp)
                }
                (_, DataCommand::Store { name }) => {
                    self.stream.put_with_stream(name).map(Transfer::Suppaftp)
                }
            };
            let Err(error) = &result else { return result };
            match data_mode::next(self.data_mode, error) {
                Some(next) => self.set_data_mode(next),
                None => return result,
            }
        }
    }

    fn set_data_mode(&mut self, data_mode: DataMode) {
        self.data_mode = data_mode;
        self.learned.store(data_mode as u8, Ordering::Relaxed);
        self.stream.set_mode(mode(data_mode));
    }

    /// Begins a transfer over a connection that suppaftp does not know of.
    fn begin_on_socket(&mut self, command: DataCommand<'_>) -> Result<Transfer, FtpError> {
        let (stream, data) = (&mut self.stream, &self.data);
        let socket = match (self.data_mode, &self.account.source.data_connections) {
            (DataMode::Active, settings) => active::begin(stream, data, settings, command),
            _ => lenient::begin(stream, data, command),
        }?;
        Transfer::over_socket(socket, self.tls.as_ref(), &self.account.source.host)
    }

    /// Reads the server's final reply about a transfer.
    fn read_final_reply(&mut self, transfer: Transfer) -> Result<(), FtpError> {
        // The deadline holds the socket open by a descriptor of its own, and proftpd says nothing for ten
        // seconds unless both ends are closed.
        self.data.release();
        match transfer {
            Transfer::Suppaftp(transfer) => transfer.finish(),
            over_socket => {
                drop(over_socket);
                // suppaftp reads a reply only after a command. NOOP's own reply comes after the one
                // that is due and is not read.
                self.unusable = true;
                let done = [Status::ClosingDataConnection, Status::RequestedFileActionOk];
                self.stream.custom_command("NOOP", &done).map(|_| ())
            }
        }
    }

    /// Ends a transfer at once. Dropping it alone would wait for the server's reply.
    fn disconnect(&mut self, transfer: Transfer) {
        // Either socket may be closed already, which is no error.
        _ = transfer.socket().shutdown(Shutdown::Both);
        _ = self.stream.get_ref().shutdown(Shutdown::Both);
        drop(transfer);
    }

    /// `None` for a command that the server does not know.
    fn none_if_unknown_command<T>(
        &self,
        error: FtpError,
        name: &str,
    ) -> Result<Option<T>, FetchError> {
        match &error {
            FtpError::UnexpectedResponse(response)
                if matches!(reply::code(response), 500..=504) =>
            {
                Ok(None)
            }
            _ => Err(self.fault(error, name)),
        }
    }

    fn fault(&self, error: FtpError, what: &str) -> FetchError {
        reply::fault(error, &self.account.server(), what, self.account.password)
    }

    /// What ended the reading of a data connection; `None` if it may pass for the end of the file.
    fn read_fault(&self, error: io::Error, name: &str) -> Option<FetchError> {
        if error.kind() != ErrorKind::UnexpectedEof || self.tls.is_none() {
            return Some(self.fault(FtpError::ConnectionError(error), name));
        }
        if self.account.source.allow_missing_close_notify {
            return None;
        }
        let reason = refusal::no_close_notify();
        Some(FetchError::Interrupted { what: name.to_owned(), reason })
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
        self.renew()?;
        if offset > 0 {
            // Asked for by itself, so that its refusal cannot be mistaken for another's.
            let rest = format!("REST {offset}");
            match self.stream.custom_command(rest, &[Status::RequestFilePending]) {
                Ok(_) => {}
                Err(FtpError::UnexpectedResponse(_)) => return Ok(Retrieved::NoResume),
                Err(error) => return Err(self.fault(error, name)),
            }
        }
        let mut transfer = match self.begin(DataCommand::Retrieve { name, offset }) {
            Ok(transfer) => transfer,
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) >= 500 => {
                let (mode, account) = (self.data_mode, self.account);
                return match refusal::of_data_mode(&mut self.stream, mode, account)? {
                    Some(fault) => Err(fault),
                    None if (550..=553).contains(&reply::code(&response)) => {
                        let reply = reply::text(&response, account.password);
                        match reply::says_no_permission(&reply) {
                            true => Err(FetchError::NoPermission { what: name.to_owned(), reply }),
                            false => Ok(Retrieved::Refused(reply)),
                        }
                    }
                    None => Err(self.fault(FtpError::UnexpectedResponse(response), name)),
                };
            }
            Err(error) => {
                if self.data.is_blocked() {
                    // A firewall on the way may know only the other command.
                    self.set_data_mode(match self.data_mode {
                        DataMode::Extended => DataMode::Classic,
                        DataMode::Classic | DataMode::Lenient => DataMode::Extended,
                        DataMode::Active => DataMode::Active,
                    });
                }
                return Err(self.fault(error, name));
            }
        };
        let mut buffer = vec![0; 256 * 1024];
        let mut total = 0;
        let mut clean = true;
        loop {
            let fetched_result = match transfer.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) if total + n as u64 > most => {
                    self.disconnect(transfer);
                    return Ok(Retrieved::Beyond(total + n as u64));
                }
                Ok(n) => {
                    total += n as u64;
                    sink(&buffer[..n])
                }
                Err(error) => match self.read_fault(error, name) {
                    Some(fault) => Err(fault),
                    None => {
                        clean = false;
                        break;
                    }
                },
            };
            if let Err(error) = fetched_result {
                self.disconnect(transfer);
                return Err(error);
            }
        }
        // A refused TLS data connection ends cleanly after no byte at all; only this reply shows it.
        match self.read_final_reply(transfer) {
            Ok(()) => Ok(Retrieved::Whole(total)),
            Err(FtpError::ConnectionError(error)) if clean => {
                self.account.deadline.check()?;
                tracing::debug!("no final reply about {name}: {error}");
                Ok(Retrieved::Unconfirmed(total))
            }
            Err(FtpError::UnexpectedResponse(response)) => {
                let mut reason = reply_message(&response, self.account.password);
                if self.tls.is_some() && total == 0 && matches!(reply::code(&response), 425 | 522) {
                    reason = reply::about_session_reuse(reason);
                }
                Err(FetchError::Interrupted { what: name.to_owned(), reason })
            }
            Err(error) => Err(self.fault(error, name)),
        }
    }

    fn close(mut self: Box<Self>) {
        /// Nothing depends on the answer.
        const TIMEOUT: Duration = Duration::from_secs(2);
        _ = self.stream.get_ref().set_read_timeout(Some(TIMEOUT));
        if let Err(error) = self.stream.quit() {
            tracing::debug!("quit: {}", self.fault(error, self.account.place));
        }
    }
}
