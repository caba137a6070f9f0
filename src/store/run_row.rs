//! A recorded run, as it is listed.

use crate::model::{Message, RunId};

/// A recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id.
    pub run: RunId,
    /// The tenant.
    pub tenant: String,
    /// Business date of the delivery, `YYYY-MM-DD`.
    pub business_date: String,
    /// Start, UTC, RFC 3339.
    pub started: String,
    /// End, UTC, RFC 3339.
    pub finished: String,
    /// `published`, `passed`, `refused` or `failed`.
    pub verdict: String,
    /// Why it was refused.
    pub reasons: Vec<StoredReason>,
    /// Stages in order with their milliseconds.
    pub timings: Vec<(String, u64)>,
    /// Version of orgsnap.
    pub tool_version: String,
    /// Rows accepted, over all files.
    pub rows: u64,
    /// Lines quarantined, over all files.
    pub quarantined: u64,
    /// Number of findings of level error or fatal.
    pub errors: u64,
    /// Number of findings of level warning.
    pub warnings: u64,
    /// Who answers for what it published, if another run had refused it.
    pub approval: Option<StoredApproval>,
    /// The run that published by approval what this one refused.
    pub approved_as: Option<RunId>,
    /// Whether it published what its business date shows now; a later run may have replaced it.
    pub current: bool,
    /// Who took back what it published.
    pub retracted: Option<StoredRetraction>,
}

/// A recorded retraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRetraction {
    /// When, UTC, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A recorded approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApproval {
    /// The run that had refused the same files.
    pub refused: RunId,
    /// When, UTC, RFC 3339.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A recorded reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReason {
    /// Stable name of the limit.
    pub limit: String,
    /// The measured value and the limit, as a sentence.
    pub message: Message,
}
