//! Why a run ended without a verdict.

use crate::config::SchemaError;
use crate::config::job::ConfigError;
use crate::fetch::{ArchiveError, FetchError};
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
    #[error("the job has no [source]; write one, or give a folder with --from")]
    NoSource,
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
    /// A bug.
    #[error("internal fault: {0}")]
    Frame(#[from] polars::prelude::PolarsError),
}
