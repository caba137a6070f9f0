//! An error for the user: a message in both languages, and an exit code.

use orgsnap::config::job::ConfigError;
use orgsnap::disk::LockError;
use orgsnap::model::Message;
use orgsnap::pipeline::{Classification, Fault, RunError};
use orgsnap::sqlite::SqliteFault;
use orgsnap::store::StoreError;
use orgsnap::wecom::archive::{ArchiveError, KeyError, SessionStoreError};
use orgsnap::wecom::store::WecomStoreError;

use super::exit::Exit;

/// What ends a verb.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, where, and what to do.
    pub message: Message,
}

impl Failure {
    /// A fault that whoever runs orgsnap can mend.
    pub(super) fn usage(message: Message) -> Failure {
        Failure { exit: Exit::Usage, message }
    }

    /// A fault of orgsnap or of the machine.
    pub(super) fn internal(message: Message) -> Failure {
        Failure { exit: Exit::Internal, message }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::usage(error.message())
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Failure {
        RunError::Lock(error).into()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        Failure { exit: Exit::of(error.classify().fault), message: error.message() }
    }
}

impl From<WecomStoreError> for Failure {
    fn from(error: WecomStoreError) -> Failure {
        let fault = match error {
            WecomStoreError::Newer { .. }
            | WecomStoreError::NotFound { .. }
            | WecomStoreError::CannotOpen { .. }
            | WecomStoreError::ReadOnly { .. }
            | WecomStoreError::Full { .. }
            | WecomStoreError::Disk { .. }
            | WecomStoreError::Foreign { .. } => Fault::DataFolder,
            WecomStoreError::Locked { .. } => Fault::DatabaseLocked,
            WecomStoreError::Corrupt { .. }
            | WecomStoreError::Overloaded { .. }
            | WecomStoreError::Stopped { .. }
            | WecomStoreError::Sqlite { .. } => Fault::Internal,
        };
        Failure { exit: Exit::of(fault), message: error.message() }
    }
}

impl From<SessionStoreError> for Failure {
    fn from(error: SessionStoreError) -> Failure {
        let fault = match error.fault {
            SqliteFault::Newer { .. }
            | SqliteFault::NotFound
            | SqliteFault::CannotOpen
            | SqliteFault::ReadOnly
            | SqliteFault::Full
            | SqliteFault::Disk
            | SqliteFault::NotADatabase
            | SqliteFault::Foreign => Fault::DataFolder,
            SqliteFault::Locked => Fault::DatabaseLocked,
            SqliteFault::Corrupt | SqliteFault::Other(_) => Fault::Internal,
        };
        Failure { exit: Exit::of(fault), message: error.message() }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Failure {
        match error {
            KeyError::Lock(error) => error.into(),
            error => Failure::usage(error.message()),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Failure {
        match error {
            ArchiveError::Lock(error) => error.into(),
            ArchiveError::Store(error) => error.into(),
            ArchiveError::Key(error) => error.into(),
            error if error.is_transient() => {
                Failure { exit: Exit::Unavailable, message: error.message() }
            }
            error => Failure::usage(error.message()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::internal(Message::new(
            format!("无法生成 JSON：{error}；请反馈给开发者"),
            format!("the JSON could not be made: {error}; please report this"),
        ))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let fault = Classification::of_store(&error).fault;
        Failure { exit: Exit::of(fault), message: error.message() }
    }
}

#[cfg(test)]
mod tests;
