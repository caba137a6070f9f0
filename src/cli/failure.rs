//! An error as the user is told of it: words in both languages, and an exit code.

use orgsnap::config::job::ConfigError;
use orgsnap::fetch::{ArchiveError, FetchError};
use orgsnap::model::Message;
use orgsnap::pipeline::RunError;
use orgsnap::report::json::WriteError;
use orgsnap::store::StoreError;
use orgsnap::store::lock::LockError;
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

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        Failure { exit: fetch_exit(&error), message: error.message() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        Failure { exit: run_exit(&error), message: error.message() }
    }
}

fn run_exit(error: &RunError) -> Exit {
    match error {
        RunError::Config(_)
        | RunError::Levels(_)
        | RunError::Schema(_)
        | RunError::NoSource { .. } => Exit::Usage,
        RunError::Fetch(error) => fetch_exit(error),
        RunError::Archive(ArchiveError::Disk(_)) => Exit::Usage,
        // The folder of a new run holds nothing yet, and nothing is read back from it.
        RunError::Archive(_) => Exit::Internal,
        RunError::Lock(LockError::Held { .. }) => Exit::Locked,
        RunError::Lock(LockError::Unusable { .. }) => Exit::Usage,
        RunError::Store(error) => store_exit(error),
        // Nothing is wrong, and the delivery waits for its next run.
        RunError::Cancelled => Exit::Unavailable,
        RunError::Frame(_) => Exit::Internal,
    }
}

/// A source that cannot be had is a source that is unavailable, whoever has to mend it; what the job
/// file or the data folder has to do with it is not.
fn fetch_exit(error: &FetchError) -> Exit {
    match error {
        FetchError::Password(_) | FetchError::TlsSetup { .. } | FetchError::NotAFileName { .. } => {
            Exit::Usage
        }
        FetchError::Disk(_) => Exit::Usage,
        _ => Exit::Unavailable,
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        Failure::usage(error.message())
    }
}

impl From<WecomStoreError> for Failure {
    fn from(error: WecomStoreError) -> Failure {
        let exit = match error {
            WecomStoreError::Newer { .. }
            | WecomStoreError::NotFound { .. }
            | WecomStoreError::CannotOpen { .. }
            | WecomStoreError::ReadOnly { .. }
            | WecomStoreError::Full { .. }
            | WecomStoreError::Foreign { .. } => Exit::Usage,
            WecomStoreError::Locked { .. } => Exit::Locked,
            WecomStoreError::Corrupt { .. }
            | WecomStoreError::Overloaded { .. }
            | WecomStoreError::Stopped { .. }
            | WecomStoreError::Sqlite { .. } => Exit::Internal,
        };
        Failure { exit, message: error.message() }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::internal(Message::new(
            format!("无法生成 JSON：{error}；请报告此问题"),
            format!("the JSON could not be made: {error}; please report this"),
        ))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure { exit: store_exit(&error), message: error.message() }
    }
}

/// What can be mended from outside is the user's to mend; the rest is a fault.
fn store_exit(error: &StoreError) -> Exit {
    match error {
        StoreError::Newer { .. }
        | StoreError::OlderDate { .. }
        | StoreError::NotFound { .. }
        | StoreError::CannotOpen { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Full { .. }
        | StoreError::Disk { .. }
        | StoreError::NotADatabase { .. }
        | StoreError::Foreign { .. }
        | StoreError::Column { .. }
        | StoreError::UnknownForest { .. } => Exit::Usage,
        StoreError::Locked { .. } => Exit::Locked,
        StoreError::Corrupt { .. } | StoreError::Misuse(_) | StoreError::Sqlite { .. } => {
            Exit::Internal
        }
    }
}
