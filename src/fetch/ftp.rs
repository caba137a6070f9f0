//! Fetching from an FTP server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::config::job::{FtpSource, Tls};

use super::deadline::FetchDeadline;
use super::expected_files::ExpectedFiles;
use super::remote::{Connector, Remote};
use super::session::{Account, Passive, Session};
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
    let server = Server {
        account: Account {
            source,
            password: &source.password.reveal()?,
            directory: &source.path.on(request.date),
            place: &place,
            deadline,
        },
        passive: AtomicU8::new(Passive::Extended as u8),
    };
    download::fetch(&server, &place, deadline, request, wanted, progress)
}

/// An account, and what its connections have learned.
struct Server<'a> {
    account: Account<'a>,
    /// How to open data connections, a [`Passive`].
    passive: AtomicU8,
}

impl Connector for Server<'_> {
    fn open<'c>(&'c self) -> Result<Box<dyn Remote + 'c>, FetchError> {
        let passive = Passive::from(self.passive.load(Ordering::Relaxed));
        let session = Session::open(self.account, passive, &self.passive)?;
        Ok(Box::new(session))
    }
}
