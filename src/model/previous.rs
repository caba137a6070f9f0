//! What the snapshot before the business date holds, as far as a delivery differs from it.

use chrono::NaiveDate;

use super::{PerFeed, StoredRows};

/// The snapshot before the business date of a delivery.
#[derive(Debug)]
pub struct Previous {
    /// Its business date.
    pub date: NaiveDate,
    /// Its rows that the delivery does not bring again as they were: those whose key the delivery lacks, and those for which
    /// it has an accepted row with other content. Rows that are only quarantined now are not among them. None for a feed
    /// whose file could not be read.
    pub rows: PerFeed<Option<StoredRows>>,
}
