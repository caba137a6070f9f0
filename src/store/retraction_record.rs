//! Who takes a date back.

use chrono::{DateTime, Utc};

/// Who takes a date back, when and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetractionRecord<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}
