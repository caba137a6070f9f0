//! TLS as a client: one builder of configurations, and whom they trust.

mod certificate;
mod shown;
mod verifier;

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

pub use certificate::CertificateSummary;
pub use shown::ShownCertificate;
use verifier::{Accepted, CertificateVerifier};
pub use verifier::{UntrustedCertificate, untrusted_reason};

use crate::model::{Message, system_reason};

/// A file of certificates that cannot be used. `Display` is the English reason with the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message().en)]
pub struct CertificateFileError {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: Message,
    /// Whether the file could be read, so that its content is at fault.
    pub readable: bool,
}

impl CertificateFileError {
    /// What is wrong, in both languages.
    pub fn message(&self) -> Message {
        let (path, Message { zh, en }) = (&self.path, &self.reason);
        match self.readable {
            true => Message::new(
                format!("{path} 不是 PEM 证书文件（{zh}）"),
                format!("{path} is no PEM file of certificates ({en})"),
            ),
            false => Message::new(
                format!("无法读取 {path}（{zh}）"),
                format!("{path} cannot be read ({en})"),
            ),
        }
    }
}

/// Whom to trust.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The authorities that browsers trust, as built into the program.
    PublicRoots,
    /// The certificates of a file: as authorities, and each as the certificate of a server.
    Certificates(Certificates),
    /// The one certificate with this SHA-256 of its DER form, whatever its names, dates and issuer.
    Pinned([u8; 32]),
}

/// The certificates of a file.
#[derive(Debug, Clone)]
pub struct Certificates {
    authorities: RootCertStore,
    named: Vec<CertificateDer<'static>>,
}

impl Certificates {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// A file that cannot be read, that is no PEM, or that holds no certificate.
    pub fn of_file(path: &Path) -> Result<Certificates, CertificateFileError> {
        let fault = |reason: Message, readable: bool| CertificateFileError {
            path: path.display().to_string(),
            reason,
            readable,
        };
        let unusable = |reason: Message| fault(reason, true);
        let not_pem = |error: pem::Error| match &error {
            pem::Error::Io(error) => fault(system_reason(error), false),
            other => fault(pem_reason(other), true),
        };
        let (mut authorities, mut named) = (RootCertStore::empty(), Vec::new());
        let certificates = CertificateDer::pem_file_iter(path).map_err(not_pem)?;
        for certificate in certificates {
            let certificate = certificate.map_err(not_pem)?;
            authorities
                .add(certificate.clone())
                .map_err(|error| unusable(Message::new("其中的证书无法识别", error.to_string())))?;
            named.push(certificate);
        }
        match named.is_empty() {
            true => Err(unusable(Message::fixed("其中没有证书", "it holds none"))),
            false => Ok(Certificates { authorities, named }),
        }
    }
}

/// The configuration of a client for TLS 1.2 and 1.3 that shows no certificate of its own.
///
/// The provider of the cryptography is named because rustls cannot choose between two that are built in.
///
/// # Errors
/// If the provider supports no such version or there is no authority, which would be a fault of the build.
pub fn client_config(trust: Trust) -> Result<ClientConfig, rustls::Error> {
    client_config_that_shows(trust, ShownCertificate::default())
}

/// The same, whose connections keep the certificate that their server shows.
///
/// # Errors
/// As [`client_config`].
pub fn client_config_that_shows(
    trust: Trust,
    shown: ShownCertificate,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let accepted = match trust {
        Trust::PublicRoots => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            issued(roots, Vec::new(), &provider)?
        }
        Trust::Certificates(Certificates { authorities, named }) => {
            issued(authorities, named, &provider)?
        }
        Trust::Pinned(pin) => Accepted::Pinned(pin),
    };
    let verifier = CertificateVerifier { accepted, shown, provider: Arc::clone(&provider) };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn issued(
    authorities: RootCertStore,
    named: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Accepted, rustls::Error> {
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(provider));
    let authorities =
        verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
    Ok(Accepted::Issued { authorities, named })
}

/// Why a file is no PEM.
fn pem_reason(error: &pem::Error) -> Message {
    match error {
        pem::Error::MissingSectionEnd { .. } => {
            Message::new("内容不完整，缺少 END 行", error.to_string())
        }
        _ => Message::new("其中的 PEM 内容无法识别", error.to_string()),
    }
}
