//! The data connection of a download from an FTP server, or of an upload.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
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

impl Transfer {
    /// Says that nothing more goes out, so that the server has all of it when the connection ends.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) fn close_write(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Transfer::Secured(stream) = self {
            let stream = stream.mut_ref();
            stream.conn.send_close_notify();
            stream.flush()?;
            stream.sock.shutdown(Shutdown::Write)?;
            // A socket that is closed with something unread is reset, and the server may lose the end of the file. What is
            // read is of no use, nor is how it ends.
            _ = io::copy(&mut stream.sock, &mut io::sink());
        }
        Ok(())
    }
}

impl Write for Transfer {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Transfer::Suppaftp(transfer) => transfer.write(buffer),
            Transfer::Plain(socket) => socket.write(buffer),
            Transfer::Secured(stream) => stream.mut_ref().write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transfer::Suppaftp(transfer) => transfer.flush(),
            Transfer::Plain(socket) => socket.flush(),
            Transfer::Secured(stream) => stream.mut_ref().flush(),
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
