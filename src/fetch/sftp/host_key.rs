//! Which key a server shows, and whether it is the one that the job trusts.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use russh::Disconnect;
use russh::client::{DisconnectReason, Handler};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate};

use super::fault::Fault;

/// A host key that a server showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostKey {
    algorithm: Algorithm,
    fingerprint: String,
}

impl HostKey {
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
/// RSA signatures over SHA-1 are not among them: they can be forged.
#[derive(Debug, Clone)]
pub(super) struct HostKeyAlgorithms(Vec<Algorithm>);

impl HostKeyAlgorithms {
    /// All that are safe.
    pub(super) fn all() -> HostKeyAlgorithms {
        HostKeyAlgorithms(vec![
            Algorithm::Ed25519,
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
            Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
            Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
        ])
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

/// Looks at the host key while the connection is made, and keeps the server's last words.
#[derive(Debug, Clone)]
pub(super) struct HostKeyVerifier {
    /// As `ssh-keygen -lf` prints it: `SHA256:` and unpadded base64.
    pin: Option<String>,
    disconnect_message: Arc<Mutex<Option<DisconnectMessage>>>,
}

/// What a server says when it hangs up.
#[derive(Debug, Clone)]
pub(super) struct DisconnectMessage {
    /// As it says it.
    pub(super) text: String,
    /// Whether it says by code that it takes no more connections.
    pub(super) too_many: bool,
}

impl HostKeyVerifier {
    /// Lets in the server with the pinned key; without a pin, none.
    pub(super) fn new(pin: Option<&str>) -> HostKeyVerifier {
        HostKeyVerifier { pin: pin.map(str::to_owned), disconnect_message: Arc::default() }
    }

    /// What the server said when it hung up, if it did.
    pub(super) fn disconnect_message(&self) -> Option<DisconnectMessage> {
        self.disconnect_message.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Handler for HostKeyVerifier {
    type Error = Fault;

    /// Called after russh has verified that the server owns the key.
    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        let key = key.public_key();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        if self.pin.as_ref() == Some(&fingerprint) {
            return Ok(true);
        }
        Err(Fault::OtherHostKey(HostKey { algorithm: key.algorithm(), fingerprint }))
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        match reason {
            DisconnectReason::ReceivedDisconnect(told) => {
                let mut words =
                    self.disconnect_message.lock().unwrap_or_else(PoisonError::into_inner);
                let too_many = matches!(told.reason_code, Disconnect::TooManyConnections);
                *words = Some(DisconnectMessage { text: told.message, too_many });
                Ok(())
            }
            DisconnectReason::Error(fault) => Err(fault),
        }
    }
}
