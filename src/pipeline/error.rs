//! Why a run ended without a verdict.

use std::path::PathBuf;

use crate::config::SchemaError;
use crate::config::job::ConfigError;
use crate::fetch::{ArchiveError, FetchError};
use crate::model::Message;
use crate::rules::LevelError;
use crate::store::StoreError;
use crate::store::lock::LockError;

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
    /// The files could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The raw files could not be archived.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Another run holds the tenant.
    #[error(transparent)]
    Lock(#[from] LockError),
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
            RunError::NoSource { job } => {
                let job = job.display();
                Message::new(
                    format!(
                        "{job}：任务文件没有 [source]，没有可导入的文件；请补上，或用 --from 指定文件所在的文件夹。只接收企业微信回调的租户无需导入"
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
            RunError::Store(error) => error.message(),
            RunError::Cancelled => Message::fixed(
                "运行在完成前被要求停止；未发布任何数据，对外快照不变",
                "the run was stopped before its end; nothing was published, the snapshot is as it was",
            ),
            // What polars says may quote a value, so it is not passed on.
            RunError::Frame(_) => Message::fixed(
                "orgsnap 内部故障（数据表）；对外快照仍然完整，请反馈给开发者",
                "internal fault of orgsnap (frames); the published snapshot is whole, please report this",
            ),
        }
    }

    /// Whether the source may be had later with nothing changed on this side.
    pub fn is_source_transient(&self) -> bool {
        matches!(self, RunError::Fetch(error) if error.is_transient())
    }
}
