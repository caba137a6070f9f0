//! TLS for one FTP account.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;

use crate::config::job::CertificateTrust;
use crate::tls::{self, Certificates, ShownCertificate, Trust};

use super::{FetchError, reply};

/// A configuration for one control connection and its data connections.
///
/// Each control connection needs its own: servers (proftpd by default, vsftpd by
/// `require_ssl_reuse`) take a data connection only if it resumes the session of its own control
/// connection, and a session store shared between connections mixes them up. `ClientConfig::clone`
/// shares the store.
pub(super) fn client_config(
    trust: &CertificateTrust,
    shown: &ShownCertificate,
) -> Result<Arc<ClientConfig>, FetchError> {
    let trust = match trust {
        CertificateTrust::PublicRoots => Trust::PublicRoots,
        CertificateTrust::Ca(path) => Certificates::of_file(path)
            .map(Trust::Certificates)
            .map_err(|error| FetchError::TlsSetup { reason: error.message() })?,
        CertificateTrust::Pin(pin) => Trust::Pinned(*pin),
    };
    let mut config = tls::client_config_that_shows(trust, shown.clone())
        .map_err(|error| reply::tls_setup(error.to_string()))?;
    config.resumption = Resumption::in_memory_sessions(32);
    Ok(Arc::new(config))
}
