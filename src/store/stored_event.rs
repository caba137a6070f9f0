//! What was published, approved and taken back.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::model::RunId;

/// A recorded publication or retraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// What.
    pub what: StoredEventKind,
    /// The business date.
    pub date: NaiveDate,
    /// The run that published it.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredEventKind {
    /// A publication.
    Published,
    /// One by an approval.
    Approved {
        /// The run that had refused the same files.
        refused: RunId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When; not known of what an earlier version noted.
        approved: Option<DateTime<Utc>>,
        /// The limits that were broken, as they are recorded; not known of what an earlier version noted.
        waived: Option<Value>,
    },
    /// A retraction.
    Retracted {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}
