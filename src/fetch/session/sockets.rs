//! The sockets of a session: with timeouts, and bound to the deadline of its fetch.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::fetch::data_blocked::DataBlocked;
use crate::fetch::deadline::{FetchDeadline, RegisteredSocket};
use crate::fetch::{FetchError, reply};
use crate::model::Message;

use super::account::Account;

/// The data connections of a session.
pub(super) struct DataSockets {
    pub(super) deadline: Arc<FetchDeadline>,
    pub(super) timeout: Duration,
    /// The last one could not be opened.
    pub(super) blocked: AtomicBool,
    pub(super) registered: Mutex<Option<RegisteredSocket>>,
}

impl DataSockets {
    pub(super) fn open(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let dialled = self
            .deadline
            .connect_any(vec![address], self.timeout)
            .map_err(io::Error::other)?
            .unwrap_or_else(|| Err(ErrorKind::TimedOut.into()));
        self.blocked.store(dialled.is_err(), Ordering::Relaxed);
        let socket = dialled.map_err(DataBlocked::wrap)?;
        let registered = self.deadline.register_socket(&socket)?;
        *self.registered.lock().unwrap_or_else(PoisonError::into_inner) = Some(registered);
        Ok(socket)
    }

    pub(super) fn let_go(&self) {
        *self.registered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Connects to the first of the host's addresses that answers.
pub(super) fn connect(account: Account<'_>, server: &str) -> Result<TcpStream, FetchError> {
    /// Longer than any resolver that works needs.
    const RESOLVING: Duration = Duration::from_secs(20);
    let source = account.source;
    let unreachable = |reason| FetchError::Unreachable { server: server.to_owned(), reason };
    let (host, port) = (source.host.clone(), source.port);
    let resolve = move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
    let addresses = account
        .deadline
        .run_with_timeout(RESOLVING, resolve)?
        .unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
        .map_err(|error| unreachable(reply::not_resolved(&error)))?;
    if addresses.is_empty() {
        return Err(unreachable(Message::fixed("主机名没有地址", "the host name has no address")));
    }
    let dialled = account.deadline.connect_any(addresses, source.fetching.timeout)?;
    dialled
        .unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
        .map_err(|error| unreachable(reply::io_reason(&error)))
}
