//! The data connection of a download from an FTP server.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ClientConfig;
use suppaftp::{FtpError, RustlsConnector, TlsConnector, TlsStream, TransferStream};

/// The TLS stream of suppaftp.
pub(super) type RustlsStream = <RustlsConnector as TlsConnector>::Stream;

/// A data connection.
pub(super) enum Transfer {
    /// Opened by suppaftp, which reads the reply at its end.
    Suppaftp(TransferStream<RustlsStream>),
    /// Opened by us, without TLS.
    Plain(TcpStream),
    /// Opened by us, with TLS.
    Secured(Box<RustlsStream>),
}

impl Transfer {
    /// A transfer over a socket on which the server is about to send; with TLS if `tls` is given.
    ///
    /// # Errors
    /// The TLS handshake failed.
    pub(super) fn over_socket(
        socket: TcpStream,
        tls: Option<&Arc<ClientConfig>>,
        host: &str,
    ) -> Result<Transfer, FtpError> {
        match tls {
            None => Ok(Transfer::Plain(socket)),
            Some(config) => RustlsConnector::from(Arc::clone(config))
                .connect(host, socket)
                .map(|stream| Transfer::Secured(Box::new(stream))),
        }
    }

    /// The socket below.
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Transfer::Suppaftp(transfer) => transfer.get_ref().get_ref(),
            Transfer::Plain(socket) => socket,
            Transfer::Secured(stream) => stream.get_ref(),
        }
    }
}

impl Read for Transfer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Transfer::Suppaftp(transfer) => transfer.read(buffer),
            Transfer::Plain(socket) => socket.read(buffer),
            Transfer::Secured(stream) => stream.mut_ref().read(buffer),
        }
    }
}
