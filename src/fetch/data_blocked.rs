//! A data connection that could not be opened, as opposed to a control connection that broke.

use std::io;
use std::net::SocketAddr;

/// The data connection could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DataBlocked(pub(super) io::Error);

impl DataBlocked {
    pub(super) fn wrap(error: io::Error) -> io::Error {
        io::Error::new(error.kind(), DataBlocked(error))
    }
}

/// In active mode the server did not open the data connection in time.
#[derive(Debug, thiserror::Error)]
#[error("the server did not connect to {announced}")]
pub(super) struct NotConnectedBack {
    /// The address that it was told.
    pub(super) announced: SocketAddr,
}
