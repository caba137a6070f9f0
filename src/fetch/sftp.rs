//! Fetching from an SFTP server.

mod algorithms;
mod connect;
mod fault;
mod host_key;
mod host_key_verifier;
mod login;
mod async_bridge;
mod session;
mod store;
mod wire_names;

use std::sync::{Arc, Mutex};

use crate::config::job::SftpSource;

use super::deadline::FetchDeadline;
use super::expected_files::ExpectedFiles;
use super::remote::{Connector, Remote};
use super::upload::Upload;
use super::{FetchError, Progress, RawDelivery, Request, download};
use connect::Account;
use host_key::HostKeyAlgorithms;
use login::Credentials;
use session::Session;

/// Downloads the delivery of an account.
pub(super) fn fetch(
    source: &SftpSource,
    deadline: &Arc<FetchDeadline>,
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    let place = request.source.describe(request.date);
    with_connector(source, deadline, source.path.on(request.date), |server| {
        download::fetch(server, &place, deadline, request, wanted, progress)
    })
}

/// Does `work` with connections to a directory of an account.
pub(super) fn with_connector<T>(
    source: &SftpSource,
    deadline: &Arc<FetchDeadline>,
    directory: String,
    work: impl FnOnce(&dyn Connector) -> Result<T, FetchError>,
) -> Result<T, FetchError> {
    work(&server(source, deadline, directory)?)
}

/// Puts files into a directory of the server.
pub(super) fn put(
    source: &SftpSource,
    deadline: &Arc<FetchDeadline>,
    upload: &Upload<'_>,
) -> Result<(), FetchError> {
    upload.put(&server(source, deadline, String::new())?, deadline)
}

/// The account, with its secrets read.
fn server<'a>(
    source: &'a SftpSource,
    deadline: &'a Arc<FetchDeadline>,
    directory: String,
) -> Result<Server<'a>, FetchError> {
    let passphrase = source.key_passphrase.as_ref().map(|secret| secret.reveal()).transpose()?;
    let key = source.key.as_deref().map(|path| login::private_key(path, passphrase.as_ref()));
    let rsa_sha1 = algorithms::allow_rsa_sha1(&source.algorithms);
    Ok(Server(Account {
        source,
        credentials: Credentials {
            username: source.username.clone(),
            password: source.password.as_ref().map(|secret| secret.reveal()).transpose()?,
            key: key.transpose()?.map(Arc::new),
            rsa_sha1,
        },
        directory,
        deadline,
        kinds: Mutex::new(HostKeyAlgorithms::all(rsa_sha1)),
    }))
}

/// An account that connections are made to.
struct Server<'a>(Account<'a>);

impl Connector for Server<'_> {
    fn open<'c>(&'c self) -> Result<Box<dyn Remote + 'c>, FetchError> {
        Ok(Box::new(Session::open(&self.0)?))
    }
}
