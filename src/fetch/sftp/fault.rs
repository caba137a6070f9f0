//! Faults of an SSH connection.

use russh::AlgorithmKind;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{Status, StatusCode};

use crate::model::Message;

use super::super::{FetchError, reply};
use super::host_key::HostKey;

/// What russh hands back.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server is not the one that the job trusts.
    #[error("another host key")]
    OtherHostKey(HostKey),
    /// Anything else.
    #[error(transparent)]
    Ssh(#[from] russh::Error),
}

/// Why no connection came to be, once an address is known. `words` are the server's when it hung up.
pub(super) fn not_connected(
    error: russh::Error,
    server: String,
    words: Option<String>,
) -> FetchError {
    match error {
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let offered = reply::printable(&theirs.join(","), &[]);
            FetchError::NoSharedAlgorithm { server, what: purpose(&kind), offered }
        }
        russh::Error::Version => FetchError::Unreachable {
            server,
            reason: Message::fixed("该端口上的服务不是 SSH", "what answers is no SSH server"),
        },
        error => FetchError::Unreachable { server, reason: broken(&error, words) },
    }
}

/// Why a connection that stood is no more.
pub(super) fn broken(error: &russh::Error, words: Option<String>) -> Message {
    if let Some(words) = words {
        return Message::new(words.clone(), words);
    }
    match error {
        russh::Error::IO(error) => reply::io_reason(error),
        // What is reported depends on who notices first that the connection is gone.
        russh::Error::Disconnect
        | russh::Error::HUP
        | russh::Error::SendError
        | russh::Error::RecvError => hung_up(),
        russh::Error::ConnectionTimeout
        | russh::Error::KeepaliveTimeout
        | russh::Error::InactivityTimeout
        | russh::Error::Elapsed(_) => no_answer(),
        error => {
            let words = reply::printable(&error.to_string(), &[]);
            Message::new(words.clone(), words)
        }
    }
}

/// Why a request was not answered as it should be; `words` are the server's when it hung up.
pub(super) fn not_answered(error: &SftpError, words: Option<String>) -> Message {
    match error {
        SftpError::Timeout => no_answer(),
        // The messages of russh-sftp about a lost connection describe its internals.
        SftpError::IO(_) | SftpError::UnexpectedBehavior(_) => {
            tracing::debug!("{error}");
            broken(&russh::Error::Disconnect, words)
        }
        error => {
            let words = reply::printable(&error.to_string(), &[]);
            Message::new(words.clone(), words)
        }
    }
}

/// The fault in what russh-sftp makes of it for a reader of files: a fault of its own as it is, and of
/// a refusal by the server nothing but its words.
pub(super) fn of_io(error: std::io::Error) -> SftpError {
    match error.get_ref().map(|inner| inner.downcast_ref::<SftpError>()) {
        Some(Some(inner)) => inner.clone(),
        Some(None) => SftpError::Status(Status {
            id: 0,
            status_code: StatusCode::Failure,
            error_message: error.to_string(),
            language_tag: String::new(),
        }),
        None => error.into(),
    }
}

/// The server hung up.
pub(super) fn hung_up() -> Message {
    Message::fixed("连接被服务器中断", "the server broke the connection")
}

/// The server says nothing.
pub(super) fn no_answer() -> Message {
    Message::fixed("超时无响应", "no answer within the timeout")
}

fn purpose(kind: &AlgorithmKind) -> Message {
    match kind {
        AlgorithmKind::Kex => Message::fixed("密钥交换", "key exchange"),
        AlgorithmKind::Key => Message::fixed("主机密钥", "host keys"),
        AlgorithmKind::Cipher => Message::fixed("加密", "encryption"),
        AlgorithmKind::Compression => Message::fixed("压缩", "compression"),
        AlgorithmKind::Mac => Message::fixed("完整性校验", "integrity"),
    }
}
