//! Why a run ended without a verdict.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::config::SchemaError;
use crate::config::job::ConfigError;
use crate::disk::{DiskError, LockError};
use crate::fetch::{ArchiveError, FetchError};
use crate::model::{Message, RunId};
use crate::rules::LevelError;
use crate::store::StoreError;

use super::former_unreadable::FormerUnreadable;
use super::not_approvable::{NotApprovable, WhyNot};
use super::pinned::WrongPin;

/// A fault that ended a run. Bad data is none: that is a finding.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The job file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The job sets a level that it may not.
    #[error(transparent)]
    Levels(#[from] LevelError),
    /// The schema is wrong.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The job has no `[source]`, and no folder was given.
    #[error("{}: the job has no [source]", job.display())]
    NoSource {
        /// The job file.
        job: PathBuf,
    },
    /// The job pins a layout that a file does not have.
    #[error("{}", .0.message().en)]
    WrongPin(Box<WrongPin>),
    /// The former delivery that a check compares with cannot be read.
    #[error("{}", .0.message().en)]
    Former(Box<FormerUnreadable>),
    /// The files could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The raw files could not be archived.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Another run holds the tenant.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The run cannot be approved.
    #[error("{}", .0.message().en)]
    NotApprovable(Box<NotApprovable>),
    /// The journal of the archive knows of no publication of the run.
    #[error(
        "run {run} has published nothing: name one of those that `orgsnap runs` lists as published"
    )]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// The database is gone, and the archive says that something was published.
    #[error(
        "{} is gone, although the archive {} holds published deliveries; nothing was imported. The way back: orgsnap replay {} --to {}. To start \
         over on purpose, move the archive away", database.display(), archive.display(), job.display(), database.display()
    )]
    LostDatabase {
        /// Where the database was.
        database: PathBuf,
        /// The archive.
        archive: PathBuf,
        /// The job file.
        job: PathBuf,
    },
    /// The database could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run was asked to end. Nothing was published.
    #[error("the run was stopped before its end; nothing was published")]
    Cancelled,
    /// A bug.
    #[error("internal fault: {0}")]
    Frame(#[from] polars::prelude::PolarsError),
}

impl RunError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            RunError::Config(error) => error.message(),
            RunError::Levels(error) => error.message(),
            RunError::Schema(error) => error.message(),
            RunError::WrongPin(pin) => pin.message(),
            RunError::Former(unreadable) => unreadable.message(),
            RunError::NoSource { job } => {
                let job = job.display();
                Message::new(
                    format!(
                        "{job}：任务文件没有 [source]，无法获取文件；请添加，或用 --from 指定文件所在的目录。只接收企业微信回调的租户无需导入"
                    ),
                    format!(
                        "{job}: the job has no [source], so there is nothing to import; write one, or give a folder \
                         with --from. A tenant that only takes WeCom callbacks needs no import"
                    ),
                )
            }
            RunError::Fetch(error) => error.message(),
            RunError::Archive(error) => error.message(),
            RunError::Lock(error) => error.message(),
            RunError::NotApprovable(not) => not.message(),
            RunError::UnknownRun { run } => Message::new(
                format!("运行 {run} 没有发布过数据；请从 orgsnap runs 列出的已发布运行中选择"),
                self.to_string(),
            ),
            RunError::LostDatabase { database, archive, job } => {
                let [database, archive, job] = [database, archive, job].map(|path| path.display());
                Message::new(
                    format!(
                        "{database} 不存在，但归档 {archive} 中有已发布的批次；未导入任何数据。恢复方法：orgsnap replay {job} --to {database}；\
                         确需从头开始时，请先移走该归档目录"
                    ),
                    self.to_string(),
                )
            }
            RunError::Store(error) => error.message(),
            RunError::Cancelled => Message::fixed(
                "运行在完成前被中止；未发布任何数据，当前快照不变",
                "the run was stopped before its end; nothing was published, the snapshot is as it was",
            ),
            // What polars says may quote a value, so it is not passed on.
            RunError::Frame(_) => Message::fixed(
                "orgsnap 内部错误（数据表）；当前快照仍然完整，请反馈给开发者",
                "internal fault of orgsnap (frames); the published snapshot is whole, please report this",
            ),
        }
    }

    /// Who is at fault, and whether waiting helps. Exit codes, the causes of alerts and the retries of the scheduler
    /// are all derived from this.
    pub fn classify(&self) -> Classification {
        match self {
            RunError::Config(_)
            | RunError::Levels(_)
            | RunError::Schema(_)
            | RunError::WrongPin(_)
            | RunError::Former(_)
            | RunError::NoSource { .. } => Fault::Setup.permanent(),
            RunError::UnknownRun { .. } | RunError::LostDatabase { .. } => Fault::Setup.permanent(),
            RunError::NotApprovable(not) => match not.why {
                WhyNot::Fatal => Fault::BadDelivery.permanent(),
                _ => Fault::Setup.permanent(),
            },
            RunError::Fetch(error) => Classification::of_fetch(error),
            RunError::Archive(error) => match error {
                ArchiveError::Disk(error) => Classification::of_disk(error),
                // Somebody has to mend it, or to put it back from a backup.
                ArchiveError::Journal { .. } => Fault::DataFolder.permanent(),
                // The folder of a new run is empty, and nothing is read back from it.
                ArchiveError::Exists { .. }
                | ArchiveError::Unreadable { .. }
                | ArchiveError::Damaged { .. } => Fault::Internal.permanent(),
            },
            RunError::Lock(LockError::Held { .. }) => Fault::Busy.passing(),
            RunError::Lock(LockError::Unusable { .. }) => Fault::DataFolder.permanent(),
            RunError::Store(error) => Classification::of_store(error),
            RunError::Cancelled => Fault::Stopped.passing(),
            RunError::Frame(_) => Fault::Internal.permanent(),
        }
    }
}

/// Who is at fault when a run ends without a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody: the delivery has not come yet, or not wholly.
    Delivery,
    /// The insurer: the delivery is there and nothing of it can be read.
    BadDelivery,
    /// The insurer's server or the network, for now.
    Source,
    /// The account, the address or the trust in the server: someone on either side has to act. Trying again does not
    /// help, and locks accounts.
    SourceAccess,
    /// The job file, the schema, or a file that they name.
    Setup,
    /// The data folder or its disk: full, read-only, failing, written by a newer program.
    DataFolder,
    /// Nobody: another run holds the tenant. It ends by itself.
    Busy,
    /// Nobody: another program holds the database. It may do so for hours, so retries are bounded and then alerted.
    DatabaseLocked,
    /// The server of the store, or the network to it, for now.
    Store,
    /// orgsnap itself, or a damaged database.
    Internal,
    /// Nobody: the run was asked to end.
    Stopped,
}

/// How to react to a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    /// Who is at fault.
    pub fault: Fault,
    /// Whether the same run may succeed later without anyone acting.
    pub waiting_helps: bool,
}

impl Fault {
    fn passing(self) -> Classification {
        Classification { fault: self, waiting_helps: true }
    }

    fn permanent(self) -> Classification {
        Classification { fault: self, waiting_helps: false }
    }
}

impl Classification {
    /// Of a fault of fetching.
    pub fn of_fetch(error: &FetchError) -> Classification {
        match error {
            FetchError::NothingThere { .. }
            | FetchError::Packed { cut_off: true, .. }
            | FetchError::NotReady { .. }
            | FetchError::NotRefreshed { .. }
            | FetchError::StillRefused { .. }
            | FetchError::Changing { .. } => Fault::Delivery.passing(),
            // A corrected delivery may come; until then the provider has to act.
            FetchError::Packed { cut_off: false, .. } | FetchError::TwoCopies { .. } => {
                Fault::BadDelivery.passing()
            }
            FetchError::Cancelled => Fault::Stopped.passing(),
            FetchError::Unreachable { .. }
            | FetchError::TooManyConnections { .. }
            | FetchError::Interrupted { .. }
            | FetchError::FileRefused { .. }
            | FetchError::Deadline { .. } => Fault::Source.passing(),
            // A disk or a network file system may come back; a path that cannot be one does not.
            FetchError::Unreadable { source, .. } => match source.kind() {
                ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => {
                    Fault::Setup.permanent()
                }
                _ => Fault::Source.passing(),
            },
            FetchError::UnknownHost { .. }
            | FetchError::LoginRefused { .. }
            | FetchError::TlsRefused { .. }
            | FetchError::TlsRequired { .. }
            | FetchError::NoPermission { .. }
            | FetchError::NotStored { .. }
            | FetchError::DataModeRefused { .. }
            | FetchError::NotTrusted { .. }
            | FetchError::HostKey { .. }
            | FetchError::NoSharedAlgorithm { .. }
            | FetchError::LoginMethod { .. }
            | FetchError::Protocol { .. }
            | FetchError::Denied { .. }
            | FetchError::NotAFile { .. } => Fault::SourceAccess.permanent(),
            FetchError::PrivateKey { .. }
            | FetchError::TlsSetup { .. }
            | FetchError::NotBuiltIn { .. }
            | FetchError::NotAFolder { .. }
            | FetchError::NotAFileName { .. }
            | FetchError::Password(_) => Fault::Setup.permanent(),
            FetchError::NoRoom { .. } => Fault::DataFolder.passing(),
            FetchError::Disk(error) => Classification::of_disk(error),
        }
    }

    /// Of a fault of the database of snapshots.
    pub fn of_store(error: &StoreError) -> Classification {
        match error {
            StoreError::Full { .. }
            | StoreError::NoRoomToMigrate { .. }
            | StoreError::Disk { .. } => Fault::DataFolder.passing(),
            StoreError::Newer { .. }
            | StoreError::Earlier { .. }
            | StoreError::NotFound { .. }
            | StoreError::CannotOpen { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::NotADatabase { .. }
            | StoreError::Foreign { .. } => Fault::DataFolder.permanent(),
            StoreError::UnknownDate { .. }
            | StoreError::NothingPublished { .. }
            | StoreError::Column { .. }
            | StoreError::UnknownForest { .. } => Fault::Setup.permanent(),
            StoreError::Locked { .. } => Fault::DatabaseLocked.passing(),
            StoreError::ServerUnreachable { .. } | StoreError::CommitUnknown { .. } => {
                Fault::Store.passing()
            }
            StoreError::ServerUrl { .. }
            | StoreError::ServerLogin { .. }
            | StoreError::ServerNotBuiltIn
            | StoreError::OnServer => Fault::Setup.permanent(),
            StoreError::ServerNewer { .. } => Fault::DataFolder.permanent(),
            StoreError::Claimed { .. } | StoreError::Fenced { .. } => Fault::Busy.passing(),
            StoreError::Corrupt { .. }
            | StoreError::Misuse(_)
            | StoreError::Sqlite { .. }
            | StoreError::Server { .. } => Fault::Internal.permanent(),
        }
    }

    /// Of a file of the data folder: a full disk may have space again later.
    fn of_disk(error: &DiskError) -> Classification {
        match error.is_transient() {
            true => Fault::DataFolder.passing(),
            false => Fault::DataFolder.permanent(),
        }
    }
}

#[cfg(test)]
mod tests;
