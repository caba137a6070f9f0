//! FTP over TLS from the first byte.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;
use suppaftp::{FtpError, RustlsConnector, RustlsFtpStream, TlsConnector};

use super::transfer::RustlsStream;

/// Begins TLS on a socket and reads the greeting.
///
/// suppaftp makes the connection of this kind itself, without timeouts and without a deadline. It
/// is let connect to a listener of our own instead, and is handed the right socket where TLS begins.
pub(super) fn connect(
    socket: TcpStream,
    config: Arc<ClientConfig>,
    host: &str,
) -> Result<RustlsFtpStream, FtpError> {
    let elsewhere = TcpListener::bind("127.0.0.1:0").map_err(FtpError::ConnectionError)?;
    let address = elsewhere.local_addr().map_err(FtpError::ConnectionError)?;
    let inner = RustlsConnector::from(config);
    let handover = HandOver { inner, socket: Mutex::new(Some(socket)) };
    RustlsFtpStream::connect_secure_implicit(address, handover, host)
}

/// Begins TLS: the first time on the socket it was given, then on those given to it.
#[derive(Debug)]
struct HandOver {
    inner: RustlsConnector,
    socket: Mutex<Option<TcpStream>>,
}

impl TlsConnector for HandOver {
    type Stream = RustlsStream;

    fn connect(&self, domain: &str, stream: TcpStream) -> Result<RustlsStream, FtpError> {
        let ours = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.inner.connect(domain, ours.unwrap_or(stream))
    }
}
