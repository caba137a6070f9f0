//! Fetching from an FTP server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::config::job::{DataConnections, FtpSource, Tls};

use super::deadline::FetchDeadline;
use super::expected_files::ExpectedFiles;
use super::remote::{Connector, Remote};
use super::session::{Account, DataMode, Session};
use super::{FetchError, Progress, RawDelivery, Request, download, tls};

/// Downloads the delivery of an account.
pub(super) fn fetch(
    source: &FtpSource,
    deadline: &Arc<FetchDeadline>,
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    // A file of authorities that cannot be used is a fault of the set-up, to be found before any connection.
    if let Tls::Explicit(trust) | Tls::Implicit(trust) = &source.tls {
        tls::client_config(trust)?;
    }
    let place = request.source.describe(request.date);
    let first = match source.data_connections {
        DataConnections::Passive => DataMode::Extended,
        DataConnections::Active { .. } => DataMode::Active,
    };
    let server = Server {
        account: Account {
            source,
            password: &source.password.reveal()?,
            directory: &source.path.on(request.date),
            place: &place,
            deadline,
        },
        data_mode: AtomicU8::new(first as u8),
    };
    download::fetch(&server, &place, deadline, request, wanted, progress)
}

/// An account, and what its connections have learned.
struct Server<'a> {
    account: Account<'a>,
    /// How to open data connections, a [`DataMode`].
    data_mode: AtomicU8,
}

impl Connector for Server<'_> {
    fn open<'c>(&'c self) -> Result<Box<dyn Remote + 'c>, FetchError> {
        let data_mode = DataMode::from(self.data_mode.load(Ordering::Relaxed));
        let session = Session::open(self.account, data_mode, &self.data_mode)?;
        Ok(Box::new(session))
    }
}
