//! The sockets of a session, with timeouts, bound to the deadline of its fetch.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::fetch::data_blocked::DataBlocked;
use crate::fetch::deadline::{FetchDeadline, RegisteredSocket};
use crate::fetch::{FetchError, dialling};

use super::account::Account;

/// The data connections of a session.
pub(super) struct DataSockets {
    deadline: Arc<FetchDeadline>,
    timeout: Duration,
    /// The last one could not be opened.
    blocked: AtomicBool,
    registered: Mutex<Option<RegisteredSocket>>,
}

impl DataSockets {
    /// None is open yet; each is opened within `timeout`.
    pub(super) fn new(deadline: &Arc<FetchDeadline>, timeout: Duration) -> DataSockets {
        DataSockets {
            deadline: Arc::clone(deadline),
            timeout,
            blocked: AtomicBool::new(false),
            registered: Mutex::default(),
        }
    }

    /// Whether the last one could not be opened.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Opens a data connection, bound to the deadline until [`release`](Self::release).
    pub(super) fn open(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let connected = self
            .deadline
            .connect_any(vec![address], self.timeout)
            .map_err(io::Error::other)?
            .unwrap_or_else(|| Err(ErrorKind::TimedOut.into()));
        self.blocked.store(connected.is_err(), Ordering::Relaxed);
        let socket = connected.map_err(DataBlocked::wrap)?;
        let registered = self.deadline.register_socket(&socket)?;
        *self.registered.lock().unwrap_or_else(PoisonError::into_inner) = Some(registered);
        Ok(socket)
    }

    /// Waits for the server to open a data connection, which is bound to the deadline as by [`open`](Self::open);
    /// `None` if it does not in time. Whoever else connects is sent away.
    pub(super) fn accept(
        &self,
        listener: &TcpListener,
        server: IpAddr,
    ) -> io::Result<Option<TcpStream>> {
        const INTERVAL: Duration = Duration::from_millis(10);
        let timeout = self.deadline.bound(self.timeout).map_err(io::Error::other)?;
        let end = Instant::now() + timeout;
        while Instant::now() < end {
            match listener.accept() {
                Ok((socket, from)) if from.ip().to_canonical() == server.to_canonical() => {
                    socket.set_nonblocking(false)?;
                    socket.set_read_timeout(Some(timeout))?;
                    socket.set_write_timeout(Some(timeout))?;
                    let registered = self.deadline.register_socket(&socket)?;
                    *self.registered.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(registered);
                    return Ok(Some(socket));
                }
                Ok((_, from)) => tracing::warn!(
                    "a data connection from {from}, which is not the server, is refused"
                ),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.deadline.wait(INTERVAL).map_err(io::Error::other)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Unbinds the data connection from the deadline, which holds a descriptor of it.
    pub(super) fn release(&self) {
        *self.registered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Connects to the first of the host's addresses that answers.
pub(super) fn connect(account: Account<'_>, server: &str) -> Result<TcpStream, FetchError> {
    let (source, deadline) = (account.source, account.deadline);
    let addresses = dialling::resolve(deadline, &source.host, source.port)?;
    dialling::dial(deadline, addresses, source.fetching.timeout, server)
}
