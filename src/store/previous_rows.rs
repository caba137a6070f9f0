//! Which rows of the snapshot before a delivery does not bring again as they were.
//!
//! Most rows of most days are the same, which their content hashes tell; only the others are read.

use chrono::NaiveDate;

use crate::store::delivered_rows::{DeliveredRows, first};
use crate::store::stored_feed::StoredFeed;
use crate::store::stored_key::Place;
use crate::timeline::Observation;

/// Tells of the rows of one feed, in the order of their keys, that are absent from the delivery, or accepted with other
/// content.
pub(super) fn each<E>(
    date: NaiveDate,
    stored: &StoredFeed,
    mut delivery: DeliveredRows<'_>,
    mut tell: impl FnMut(&str, Place) -> Result<(), E>,
) -> Result<(), E> {
    let mut cursor = stored.cursor();
    while let Some(key) = first(delivery.peek(), cursor.peek()) {
        let stored = cursor.take(key).stored;
        let seen = delivery.take(key);
        let Some(before) = stored.before(date) else { continue };
        let differs = match seen {
            Observation::Accepted(content) => content != before.content,
            Observation::Absent => true,
            Observation::Quarantined => false,
        };
        if differs {
            tell(key, before.content.place)?;
        }
    }
    Ok(())
}
