//! Fetching from an FTP server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::config::job::{DataConnections, FtpSource, Tls};
use crate::tls::ShownCertificate;

use super::deadline::FetchDeadline;
use super::expected_files::ExpectedFiles;
use super::remote::{Connector, Remote};
use super::session::{Account, DataMode, Session};
use super::upload::Upload;
use super::{FetchError, Progress, RawDelivery, Request, download, tls};

/// Downloads the delivery of an account.
pub(super) fn fetch(
    source: &FtpSource,
    deadline: &Arc<FetchDeadline>,
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    let place = request.source.describe(request.date);
    let directory = source.path.on(request.date);
    let shown = ShownCertificate::default();
    with_connector(source, deadline, (&directory, &place), &shown, |server| {
        download::fetch(server, &place, deadline, request, wanted, progress)
    })
}

/// Does `work` with connections to a directory of an account, which is named by its path and as messages name it.
pub(super) fn with_connector<T>(
    source: &FtpSource,
    deadline: &Arc<FetchDeadline>,
    (directory, place): (&str, &str),
    certificate: &ShownCertificate,
    work: impl FnOnce(&dyn Connector) -> Result<T, FetchError>,
) -> Result<T, FetchError> {
    make_sure_of_authorities(source)?;
    let password = source.password.reveal()?;
    let account = Account { source, password: &password, directory, place, deadline, certificate };
    work(&Server::new(account))
}

/// Puts files into a directory of the server.
pub(super) fn put(
    source: &FtpSource,
    deadline: &Arc<FetchDeadline>,
    upload: &Upload<'_>,
) -> Result<(), FetchError> {
    let shown = ShownCertificate::default();
    with_connector(source, deadline, ("", upload.place), &shown, |server| {
        upload.put(server, deadline)
    })
}

/// A file of authorities that cannot be used is a fault of the set-up, to be found before any connection.
fn make_sure_of_authorities(source: &FtpSource) -> Result<(), FetchError> {
    if let Tls::Explicit(trust) | Tls::Implicit(trust) = &source.tls {
        tls::client_config(trust, &ShownCertificate::default())?;
    }
    Ok(())
}

/// An account, and what its connections have learned.
struct Server<'a> {
    account: Account<'a>,
    /// How to open data connections, a [`DataMode`].
    data_mode: AtomicU8,
}

impl<'a> Server<'a> {
    fn new(account: Account<'a>) -> Server<'a> {
        let first = match account.source.data_connections {
            DataConnections::Passive => DataMode::Extended,
            DataConnections::Active { .. } => DataMode::Active,
        };
        Server { account, data_mode: AtomicU8::new(first as u8) }
    }
}

impl Connector for Server<'_> {
    fn open<'c>(&'c self) -> Result<Box<dyn Remote + 'c>, FetchError> {
        let data_mode = DataMode::from(self.data_mode.load(Ordering::Relaxed));
        let session = Session::open(self.account, data_mode, &self.data_mode)?;
        Ok(Box::new(session))
    }
}
