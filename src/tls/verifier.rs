//! Whether a server's certificate is trusted.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::model::Message;

use super::certificate::CertificateSummary;
use super::shown::ShownCertificate;

/// A certificate that is not trusted. `Display` is in English, as for all faults of TLS.
#[derive(Debug, thiserror::Error)]
#[error("{}; it shows a certificate with {certificate}", reason.en)]
pub struct UntrustedCertificate {
    /// Why.
    pub reason: Message,
    /// The certificate that the server shows.
    pub certificate: CertificateSummary,
}

impl UntrustedCertificate {
    /// The certificate that a fault of TLS is about.
    pub fn of(error: &rustls::Error) -> Option<&UntrustedCertificate> {
        let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error else {
            return None;
        };
        other.0.downcast_ref()
    }

    /// That it is not trusted, why, and which one it is.
    pub fn message(&self) -> Message {
        let UntrustedCertificate { reason, certificate } = self;
        Message::new(
            format!("不信任服务器的证书（{}；{certificate}）", reason.zh),
            format!("the server's certificate is not trusted ({}; {certificate})", reason.en),
        )
    }
}

/// Which certificates are trusted.
#[derive(Debug)]
pub(super) enum Accepted {
    /// Those that an authority has issued, and those that are named themselves.
    Issued {
        /// Verifies what an authority has issued.
        authorities: Arc<WebPkiServerVerifier>,
        /// Trusted themselves, for the names and the time that they state. rustls takes a self-signed one for an
        /// authority and refuses it as a server's (`CaUsedAsEndEntity`); OpenSSL and curl do not.
        named: Vec<CertificateDer<'static>>,
    },
    /// The one with this SHA-256, whatever its names, dates and issuer.
    Pinned([u8; 32]),
}

/// Verifies certificates, and says of one that is not trusted what it is.
#[derive(Debug)]
pub(super) struct CertificateVerifier {
    pub(super) accepted: Accepted,
    /// Keeps what servers show.
    pub(super) shown: ShownCertificate,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for CertificateVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.shown.keep(end_entity);
        let verified = match &self.accepted {
            Accepted::Pinned(pin) if Sha256::digest(end_entity).as_slice() == pin => Ok(()),
            Accepted::Pinned(_) => {
                Err(Message::fixed("不是任务文件中指定的证书", "it is not the pinned one"))
            }
            Accepted::Issued { named, .. } if named.contains(end_entity) => {
                verify_named(end_entity, server_name, now)
            }
            Accepted::Issued { authorities, .. } => authorities
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(|_| ())
                .map_err(|error| untrusted_reason(&error)),
        };
        verified.map(|()| ServerCertVerified::assertion()).map_err(|reason| {
            let certificate = CertificateSummary::of(end_entity);
            let untrusted = UntrustedCertificate { reason, certificate };
            CertificateError::Other(OtherError(Arc::new(untrusted))).into()
        })
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

/// Why a certificate is not trusted. In English the words are those of rustls, by which people search.
pub fn untrusted_reason(error: &rustls::Error) -> Message {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return Message::new(error.to_string(), error.to_string());
    };
    let en = reason.to_string();
    let zh = match reason {
        CertificateError::UnknownIssuer => {
            return Message::fixed(
                "UnknownIssuer：不是受信任的机构签发的",
                "UnknownIssuer: no authority that is trusted has issued it",
            );
        }
        // webpki has no other name for it.
        _ if en.contains("CaUsedAsEndEntity") => {
            return Message::fixed(
                "CaUsedAsEndEntity：这是证书颁发机构的证书，不是服务器证书；若确为该服务器所用，请在 ca 中指定",
                "CaUsedAsEndEntity: it is the certificate of an authority, not of a server; if it is the server's own, name it in ca",
            );
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "证书已过期",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "证书尚未生效"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "证书上没有该主机名"
        }
        CertificateError::Revoked => "证书已被吊销",
        CertificateError::BadSignature => "证书的签名无效",
        CertificateError::BadEncoding => "证书的格式无法识别",
        _ => return Message::new(en.clone(), en),
    };
    Message::new(format!("{zh}（{en}）"), en)
}

/// A certificate that is trusted itself counts for the names and the time that it states. That the server has its
/// key is shown by the signature of the handshake.
fn verify_named(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Message> {
    let summary = CertificateSummary::of(certificate);
    let Some((from, until)) = summary.validity else {
        return Err(Message::fixed("证书的有效期无法读取", "its dates cannot be read"));
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < from.timestamp() {
        let from = from.format("%Y-%m-%d %H:%M UTC");
        return Err(Message::new(
            format!("证书从 {from} 起才有效"),
            format!("it is not valid before {from}"),
        ));
    }
    if now > until.timestamp() {
        return Err(Message::fixed("证书已过期", "it has expired"));
    }
    let parsed =
        ParsedCertificate::try_from(certificate).map_err(|error| untrusted_reason(&error))?;
    match verify_server_name(&parsed, server_name) {
        Ok(()) => Ok(()),
        // Without any name of an extension the common name counts, as it does for OpenSSL and curl.
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) if presented.is_empty() => {
            let expected = server_name.to_str();
            match summary.common_name {
                Some(name) if name.eq_ignore_ascii_case(&expected) => Ok(()),
                _ => Err(Message::new(
                    format!("证书不是 {expected} 的"),
                    format!("it is not for {expected}"),
                )),
            }
        }
        Err(error) => Err(untrusted_reason(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// Signed by itself, an authority by its own words, for the common name ftp.example.com and no other name, valid
    /// from 2026-11-28 09:32:25 for 30 days.
    const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBrTCCAVOgAwIBAgIUAIsWISm5x5YK2WEd3Bl29YbQfVIwCgYIKoZIzj0EAwIw
LDEQMA4GA1UECgwHRXhhbXBsZTEYMBYGA1UEAwwPZnRwLmV4YW1wbGUuY29tMB4X
DTI2MTEyODA5MzIyNVoXDTI2MTIyODA5MzIyNVowLDEQMA4GA1UECgwHRXhhbXBs
ZTEYMBYGA1UEAwwPZnRwLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEwEEPUcjBloNg1R84ZkCoS3jQn+l0jKF6GX2svid8YH/dlA4AIMfI0pvv
gsOKcfFfIJjDosi05M9hbfuwB0sKPaNTMFEwHQYDVR0OBBYEFPXQU91ABP9bBP0j
fjA8ZkJ5TaFZMB8GA1UdIwQYMBaAFPXQU91ABP9bBP0jfjA8ZkJ5TaFZMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAPL8xPSWap34dEuNvSl4wxxF
cXYV0uKlOz+aXuEE2t6AAiAiaXUlMOsVMx8/G5UGCIaVHN8Bh3KKnhVInIHMf/cE
HA==
-----END CERTIFICATE-----
";

    #[test]
    fn a_named_certificate_counts_for_its_name_while_it_is_valid() {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let summary = CertificateSummary::of(&certificate);
        assert_eq!(summary.subject.as_deref(), Some("O=Example, CN=ftp.example.com"));
        let begins = 1_795_858_345;
        let month = 30 * 24 * 60 * 60;
        for (name, at, refusal) in [
            ("ftp.example.com", begins, None),
            ("FTP.example.com", begins + month, None),
            ("ftp.example.com", begins - 1, Some("it is not valid before 2026-11-28 09:32 UTC")),
            ("ftp.example.com", begins + month + 1, Some("it has expired")),
            ("example.com", begins, Some("it is not for example.com")),
        ] {
            let (name, now) = (
                ServerName::try_from(name).unwrap(),
                UnixTime::since_unix_epoch(Duration::from_secs(at)),
            );
            let verified = verify_named(&certificate, &name, now);
            let refused = verified.err().map(|reason| reason.en);
            assert_eq!(refused.as_deref(), refusal, "{name:?} {at}");
        }
    }

    #[test]
    fn the_certificate_of_an_authority_is_no_server_certificate_and_the_refusal_says_what_to_do() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let authorities = authorities.build().unwrap();
        let accepted = Accepted::Issued { authorities, named: Vec::new() };
        let verifier =
            CertificateVerifier { accepted, shown: ShownCertificate::default(), provider };
        let name = ServerName::try_from("ftp.example.com").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_795_858_345));
        let error = verifier.verify_server_cert(&certificate, &[], &name, &[], now).unwrap_err();
        let untrusted = UntrustedCertificate::of(&error).unwrap();
        assert!(untrusted.reason.zh.contains("请在 ca 中指定"), "{untrusted:?}");
        assert!(untrusted.reason.en.ends_with("name it in ca"), "{untrusted:?}");
    }

    #[test]
    fn reasons_of_distrust_are_told_in_chinese_with_the_words_of_rustls() {
        for (error, zh) in [
            (CertificateError::Expired, "证书已过期"),
            (CertificateError::NotValidYet, "证书尚未生效"),
            (CertificateError::NotValidForName, "证书上没有该主机名"),
            (CertificateError::UnknownIssuer, "UnknownIssuer"),
        ] {
            let reason = untrusted_reason(&rustls::Error::InvalidCertificate(error.clone()));
            assert!(reason.zh.starts_with(zh) && reason.en != reason.zh, "{error:?}: {reason:?}");
        }
    }
}
