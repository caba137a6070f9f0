//! From a host name to an encrypted connection with the server that the job trusts.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::SshId;
use russh::client::{self, Handle};
use tokio::net::TcpStream;

use crate::config::job::SftpSource;
use crate::model::Message;

use super::super::deadline::FetchDeadline;
use super::super::{FetchError, reply};
use super::algorithms;
use super::async_bridge::{AsyncBridge, WaitError};
use super::fault::{self, Fault};
use super::host_key::{HostKey, HostKeyAlgorithms};
use super::host_key_verifier::HostKeyVerifier;
use super::login::Credentials;

/// What connections to a server need to know, and what they have learned of it.
pub(super) struct Account<'a> {
    pub(super) source: &'a SftpSource,
    pub(super) credentials: Credentials,
    /// The remote directory; empty for the one after login.
    pub(super) directory: String,
    pub(super) deadline: &'a FetchDeadline,
    /// The kinds of host key to ask for: those that showed the wrong key are not among them.
    pub(super) kinds: Mutex<HostKeyAlgorithms>,
}

impl Account<'_> {
    /// Host and port.
    pub(super) fn server(&self) -> String {
        format!("{}:{}", self.source.host, self.source.port)
    }

    /// Longest wait for any one answer.
    pub(super) fn timeout(&self) -> Duration {
        self.source.fetching.timeout
    }

    /// A connection to a server with the pinned host key, and who looked at that key.
    pub(super) fn connect(
        &self,
        async_bridge: &AsyncBridge<'_>,
    ) -> Result<(Handle<HostKeyVerifier>, HostKeyVerifier), FetchError> {
        let pin = self.source.host_key.as_deref();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut others: Vec<HostKey> = Vec::new();
        while !kinds.is_empty() {
            let handler = HostKeyVerifier::new(pin);
            let socket = self.connect_any(async_bridge)?;
            let connecting = client::connect_stream(
                config(&kinds, &self.source.algorithms),
                socket,
                handler.clone(),
            );
            match self.or_unreachable(async_bridge.wait(self.timeout(), connecting))? {
                Ok(handle) => {
                    *self.kinds.lock().unwrap_or_else(PoisonError::into_inner) = kinds;
                    return Ok((handle, handler));
                }
                Err(Fault::OtherHostKey(shown)) => {
                    kinds = kinds.without(&shown);
                    others.push(shown);
                }
                // It has no keys but those that it showed.
                Err(Fault::Ssh(_)) if !others.is_empty() => break,
                Err(Fault::Ssh(error)) => {
                    return Err(self.too_many_connections(&handler).unwrap_or_else(|| {
                        fault::not_connected(
                            error,
                            self.server(),
                            self.disconnect_message(&handler),
                        )
                    }));
                }
            }
        }
        let shown = others.iter().map(ToString::to_string).collect();
        Err(FetchError::HostKey { server: self.server(), shown, pinned: pin.is_some() })
    }

    /// Connects to the first of the host's addresses that answers.
    fn connect_any(&self, async_bridge: &AsyncBridge<'_>) -> Result<TcpStream, FetchError> {
        /// No server that is up takes longer to accept a connection.
        const LONGEST: Duration = Duration::from_secs(10);
        let host = (self.source.host.as_str(), self.source.port);
        let resolved = async_bridge.wait(self.timeout(), tokio::net::lookup_host(host));
        let addresses = self
            .or_unreachable(resolved)?
            .map_err(|error| reply::not_resolved(&error, &self.server()))?;
        let mut last = Message::fixed("主机名没有地址", "the host name has no address");
        for address in addresses {
            let dialling =
                async_bridge.wait(self.timeout().min(LONGEST), TcpStream::connect(address));
            last = match dialling {
                Ok(Ok(socket)) => {
                    // Without it a request waits for the answer to the one before.
                    socket.set_nodelay(true).map_err(|e| self.unreachable(reply::io_reason(&e)))?;
                    return Ok(socket);
                }
                Ok(Err(error)) => reply::io_reason(&error),
                Err(WaitError::TimedOut) => fault::no_answer(),
                Err(WaitError::Ended(error)) => return Err(error),
            };
        }
        Err(self.unreachable(last))
    }

    /// The server cannot be reached, or does not go on.
    pub(super) fn unreachable(&self, reason: Message) -> FetchError {
        FetchError::Unreachable { server: self.server(), reason }
    }

    /// A server that does not answer before the file transfer counts as unreachable.
    pub(super) fn or_unreachable<T>(&self, answer: Result<T, WaitError>) -> Result<T, FetchError> {
        answer.map_err(|lapse| match lapse {
            WaitError::TimedOut => self.unreachable(fault::no_answer()),
            WaitError::Ended(error) => error,
        })
    }

    /// The server's words, without secrets.
    pub(super) fn printable(&self, words: &str) -> String {
        let password = self.credentials.password.iter().map(|secret| secret.expose());
        reply::printable(words, &password.collect::<Vec<_>>())
    }

    /// What the server said when it hung up, if it did.
    pub(super) fn disconnect_message(&self, handler: &HostKeyVerifier) -> Option<String> {
        handler
            .disconnect_message()
            .map(|message| self.printable(&message.text))
            .filter(|message| !message.is_empty())
    }

    /// The fault of a server that hung up because it takes no more connections.
    pub(super) fn too_many_connections(&self, handler: &HostKeyVerifier) -> Option<FetchError> {
        let message = handler.disconnect_message()?;
        let reply = self.printable(&message.text);
        let too_many = message.too_many || reply::says_too_many_connections(&message.text);
        too_many.then(|| FetchError::TooManyConnections { server: self.server(), reply })
    }
}

/// The settings of a connection.
fn config(kinds: &HostKeyAlgorithms, old: &[String]) -> Arc<client::Config> {
    let id = concat!("SSH-2.0-orgsnap_", env!("CARGO_PKG_VERSION"));
    Arc::new(client::Config {
        client_id: SshId::Standard(Cow::Borrowed(id)),
        preferred: algorithms::offered(kinds.algorithms(), old),
        // Routers forget connections on which nothing moves, as while waiting for a file.
        keepalive_interval: Some(Duration::from_secs(20)),
        ..client::Config::default()
    })
}
