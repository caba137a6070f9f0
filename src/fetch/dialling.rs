//! From a host name to a connection, within the deadline of a fetch.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::model::Message;

use super::deadline::FetchDeadline;
use super::{FetchError, reply};

/// The addresses of a host; at least one.
pub(super) fn resolve(
    deadline: &FetchDeadline,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, FetchError> {
    /// Longer than any resolver that works needs.
    const RESOLVING: Duration = Duration::from_secs(20);
    let server = format!("{host}:{port}");
    let host = host.to_owned();
    let resolve = move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
    let addresses = deadline
        .run_with_timeout(RESOLVING, resolve)?
        .unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
        .map_err(|error| reply::not_resolved(&error, &server))?;
    if addresses.is_empty() {
        let reason = Message::fixed("主机名没有地址", "the host name has no address");
        return Err(FetchError::Unreachable { server, reason });
    }
    Ok(addresses)
}

/// Connects to the first of the addresses of a server that answers; `server` names it in messages.
pub(super) fn dial(
    deadline: &FetchDeadline,
    addresses: Vec<SocketAddr>,
    timeout: Duration,
    server: &str,
) -> Result<TcpStream, FetchError> {
    let unreachable = |error| FetchError::Unreachable {
        server: server.to_owned(),
        reason: reply::io_reason(&error),
    };
    let connected = deadline.connect_any(addresses, timeout)?;
    connected.unwrap_or_else(|| Err(ErrorKind::TimedOut.into())).map_err(unreachable)
}
