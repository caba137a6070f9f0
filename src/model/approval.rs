//! Why the gate refuses a delivery, and who answers for one that is published all the same.

use chrono::{DateTime, Utc};

use super::finding::Message;
use super::run_id::RunId;

/// Why the gate refused, one reason a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateReason {
    /// Stable name: `fatal-finding`, `quarantined`, `detached`, `vanished`, `vanished-in-organ`.
    pub limit: &'static str,
    /// What was measured against what was allowed, in words.
    pub message: Message,
}

impl GateReason {
    /// The limit that nobody can waive: a finding that is fatal.
    pub const FATAL: &'static str = "fatal-finding";
}

/// That a refused delivery was published because somebody answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The run that had refused the same files.
    pub refused: RunId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The limits that were broken all the same.
    pub waived: Vec<GateReason>,
}

impl Approval {
    /// Who answers for it, and why, in a sentence.
    pub fn message(&self) -> Message {
        let Approval { refused, by, reason, .. } = self;
        Message::new(
            format!("由 {by} 放行（同一批文件在运行 {refused} 中未发布）：{reason}"),
            format!("approved by {by} (run {refused} had refused the same files): {reason}"),
        )
    }
}
