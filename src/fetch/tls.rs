//! TLS for one FTP account.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::config::job::CertificateTrust;
use crate::tls;

use super::{FetchError, digest, reply};

/// A configuration for one control connection and its data connections.
///
/// Each control connection needs its own: servers (proftpd by default, vsftpd by
/// `require_ssl_reuse`) take a data connection only if it resumes the session of its own control
/// connection, and a session store shared between connections mixes them up. `ClientConfig::clone`
/// shares the store.
pub(super) fn client_config(trust: &CertificateTrust) -> Result<Arc<ClientConfig>, FetchError> {
    let setup = |error: rustls::Error| reply::tls_setup(error.to_string());
    let mut config = match trust {
        CertificateTrust::PublicRoots => tls::client_config(tls::public_roots()).map_err(setup)?,
        CertificateTrust::Ca(path) => {
            let roots = tls::roots_of_file(path)
                .map_err(|error| FetchError::TlsSetup { reason: error.message() })?;
            tls::client_config(roots).map_err(setup)?
        }
        CertificateTrust::Pin(pin) => {
            let provider = tls::provider();
            tls::builder(Arc::clone(&provider))
                .map_err(setup)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(PinnedCertificate {
                    pin: *pin,
                    provider,
                }))
                .with_no_client_auth()
        }
    };
    config.resumption = Resumption::in_memory_sessions(32);
    Ok(Arc::new(config))
}

/// The server shows another certificate than the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("its SHA-256 is {sha256}, not the pinned one")]
struct NotPinned {
    sha256: String,
}

/// Trusts one certificate, whatever its names, dates and issuer: self-signed ones are common, and
/// rustls refuses those that call themselves an authority. That the server owns the certificate's
/// key is still verified, by its handshake signature.
#[derive(Debug)]
struct PinnedCertificate {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if Sha256::digest(end_entity).as_slice() == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        let other = NotPinned { sha256: digest::sha256(end_entity) };
        Err(CertificateError::Other(OtherError(Arc::new(other))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
