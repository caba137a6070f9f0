//! The claim of a run on a business date, in a store that many machines share.

use std::time::Duration;

use chrono::NaiveDate;

/// Who has claimed a business date, and for the how manieth time it was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunClaim {
    /// The business date.
    pub date: NaiveDate,
    /// Who.
    pub owner: String,
    /// It rises by one with each claim of the date.
    pub epoch: i64,
}

/// Who claims, and for how long at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTerms {
    /// Who, so that others can be told.
    pub owner: String,
    /// A claim that was not renewed for so long may be taken over.
    pub lease: Duration,
}

impl ClaimTerms {
    /// The lease of those who name none.
    pub const LEASE: Duration = Duration::from_secs(60);
}

/// How a claim ends. A publication ends it within its own transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimEnd {
    /// The date was found published.
    Published,
    /// The run was refused.
    Refused,
    /// It failed, and somebody has to act.
    Failed,
    /// It is to be run again.
    Waiting,
}

impl ClaimEnd {
    /// Its name in the store.
    pub fn name(self) -> &'static str {
        match self {
            ClaimEnd::Published => "published",
            ClaimEnd::Refused => "refused",
            ClaimEnd::Failed => "failed",
            ClaimEnd::Waiting => "waiting",
        }
    }
}
