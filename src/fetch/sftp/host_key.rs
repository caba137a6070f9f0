//! Host keys as servers offer them, and which algorithms to ask for.

use std::fmt;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

/// A host key that a server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostKey {
    algorithm: Algorithm,
    fingerprint: String,
}

impl HostKey {
    /// Of a key as the server sent it.
    pub(super) fn of(key: &PublicKey) -> HostKey {
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        HostKey { algorithm: key.algorithm(), fingerprint }
    }

    /// As `ssh-keygen -lf` prints it: `SHA256:` and unpadded base64.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether `algorithm` would make the server show this key again.
    fn is_offered_for(&self, algorithm: &Algorithm) -> bool {
        match algorithm {
            Algorithm::Rsa { .. } => matches!(self.algorithm, Algorithm::Rsa { .. }),
            other => *other == self.algorithm,
        }
    }
}

impl fmt::Display for HostKey {
    /// `SHA256:... (ssh-ed25519)`; the first word is what `host_key` of a job takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.fingerprint, self.algorithm)
    }
}

/// The kinds of host key to ask for, best first.
///
/// A server has several keys and shows the one that the client likes best. A fingerprint does not
/// tell of which kind the pinned one is, so a client that sees another key asks again for the rest.
/// RSA signatures over SHA-1 are among them only where the job says so: they can be forged.
#[derive(Debug, Clone)]
pub(super) struct HostKeyAlgorithms(Vec<Algorithm>);

impl HostKeyAlgorithms {
    /// All that are safe, and RSA over SHA-1 after them where the job allows it.
    pub(super) fn all(rsa_sha1: bool) -> HostKeyAlgorithms {
        let mut algorithms = vec![
            Algorithm::Ed25519,
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
            Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
            Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
        ];
        algorithms.extend(rsa_sha1.then_some(Algorithm::Rsa { hash: None }));
        HostKeyAlgorithms(algorithms)
    }

    /// Those that may show another key than this one.
    pub(super) fn without(mut self, shown: &HostKey) -> HostKeyAlgorithms {
        self.0.retain(|algorithm| !shown.is_offered_for(algorithm));
        self
    }

    /// Whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the negotiation.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        self.0.clone()
    }
}
