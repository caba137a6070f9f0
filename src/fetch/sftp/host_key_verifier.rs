//! Whether the host key of a server is the one that the job trusts.

use std::sync::{Arc, Mutex, PoisonError};

use russh::Disconnect;
use russh::client::{DisconnectReason, Handler};
use russh::keys::PublicKeyOrCertificate;

use super::fault::Fault;
use super::host_key::HostKey;

/// Verifies the host key while the connection is made, and keeps the message with which the server disconnects.
#[derive(Debug, Clone)]
pub(super) struct HostKeyVerifier {
    /// As `ssh-keygen -lf` prints it: `SHA256:` and unpadded base64.
    pin: Option<String>,
    disconnect_message: Arc<Mutex<Option<DisconnectMessage>>>,
}

/// The message of a server that disconnects.
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
        let key = HostKey::of(&key.public_key());
        if self.pin.as_deref() == Some(key.fingerprint()) {
            return Ok(true);
        }
        Err(Fault::OtherHostKey(key))
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        match reason {
            DisconnectReason::ReceivedDisconnect(message) => {
                let mut stored =
                    self.disconnect_message.lock().unwrap_or_else(PoisonError::into_inner);
                let too_many = matches!(message.reason_code, Disconnect::TooManyConnections);
                *stored = Some(DisconnectMessage { text: message.message, too_many });
                Ok(())
            }
            DisconnectReason::Error(fault) => Err(fault),
        }
    }
}
