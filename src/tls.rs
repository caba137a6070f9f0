//! TLS as a client: one builder of configurations, and whom they trust.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::model::{Message, system_reason};

/// A file of certificates that cannot be used. `Display` is the English reason with the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} is no PEM file of certificates ({})", reason.en)]
pub struct CertificateFileError {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: Message,
}

impl CertificateFileError {
    /// What is wrong, in both languages.
    pub fn message(&self) -> Message {
        let (path, Message { zh, .. }) = (&self.path, &self.reason);
        Message::new(format!("{path} 不是 PEM 证书文件（{zh}）"), self.to_string())
    }
}

/// The cryptography of all connections. It is named here because rustls cannot choose between two providers that are
/// built in.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A configuration for TLS 1.2 and 1.3 that does not say yet whom it trusts.
///
/// # Errors
/// If the provider supports no such version, which would be a fault of the build.
pub fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// The configuration of a client that trusts these authorities and shows no certificate of its own.
///
/// # Errors
/// As [`builder`].
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let builder: ConfigBuilder<ClientConfig, WantsClientCert> =
        builder(provider())?.with_root_certificates(roots);
    Ok(builder.with_no_client_auth())
}

/// The authorities that browsers trust, as built into the program.
pub fn public_roots() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

/// The authorities of a PEM file.
///
/// # Errors
/// A file that cannot be read, that is no PEM, or that holds no certificate.
pub fn roots_of_file(path: &Path) -> Result<RootCertStore, CertificateFileError> {
    let unusable =
        |reason: Message| CertificateFileError { path: path.display().to_string(), reason };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(pem_reason(&error)))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(pem_reason(&error)))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(Message::new("其中的证书无法识别", error.to_string())))?;
    }
    match roots.is_empty() {
        true => Err(unusable(Message::fixed("其中没有证书", "it holds none"))),
        false => Ok(roots),
    }
}

/// Why a file is no PEM.
fn pem_reason(error: &pem::Error) -> Message {
    match error {
        pem::Error::Io(error) => system_reason(error),
        pem::Error::MissingSectionEnd { .. } => {
            Message::new("内容不完整，缺少 END 行", error.to_string())
        }
        _ => Message::new("其中的 PEM 内容无法识别", error.to_string()),
    }
}
