//! What a migration is doing.

use super::Feed;

/// A step of bringing a database of an earlier format to the newest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationStep {
    /// The database is copied first: so many of its pages in per cent.
    Backup {
        /// In per cent.
        percent: u8,
    },
    /// The rows of the snapshot table of a feed.
    Rows(Feed),
    /// The history of a feed.
    History(Feed),
    /// The tables that follow from the rows, their indexes and statistics.
    Derived,
}
