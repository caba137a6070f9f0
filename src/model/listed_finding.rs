//! A finding as the database holds it.

use super::finding::Message;

/// A recorded finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFinding {
    /// The rule's code.
    pub code: String,
    /// The rule's name.
    pub name: String,
    /// `info`, `warning`, `error` or `fatal`.
    pub level: String,
    /// `refuse`, `quarantine`, `detach` or `keep`.
    pub disposition: String,
    /// The feed.
    pub feed: String,
    /// The file's name as delivered.
    pub file: Option<String>,
    /// Its first line.
    pub line: Option<u64>,
    /// The record's key.
    pub key: Option<String>,
    /// The field at fault.
    pub field: Option<String>,
    /// The value at fault.
    pub value: Option<String>,
    /// What is wrong.
    pub message: Message,
    /// Number of rows concerned.
    pub affected: u64,
    /// The first date that had it; none where it is not known.
    pub first_seen: Option<String>,
    /// How many deliveries in a row have had it; none where it is not known.
    pub deliveries: Option<u64>,
    /// Which texts of key, value and message are names of people, or may be; none where it is not known.
    pub names: Option<Vec<String>>,
}
