//! A published date.

use chrono::NaiveDate;

use crate::model::{PerFeed, RunId};

/// A published snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its business date.
    pub date: NaiveDate,
    /// The run that published it last.
    pub run: RunId,
    /// Rows of each feed.
    pub rows: PerFeed<u64>,
}
