//! Reads the rows of the snapshot before that a delivery does not bring again as they were.
//!
//! Most rows of most days are the same, which their content hashes tell; only the others are read.

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::model::StoredRows;
use crate::store::dates::iso;
use crate::store::delivered_rows::{DeliveredRows, first};
use crate::store::feed_table::FeedTable;
use crate::store::select::Select;
use crate::store::stored_feed::StoredFeed;
use crate::store::stored_key::Place;
use crate::timeline::Observation;

/// Reads these fields of the rows of one feed that are absent from the delivery, or accepted with other content.
pub(super) fn read(
    conn: &Connection,
    table: &FeedTable,
    select: &Select<'_>,
    date: NaiveDate,
    stored: &StoredFeed,
    mut delivery: DeliveredRows<'_>,
) -> rusqlite::Result<StoredRows> {
    let mut read = select.rows();
    let mut current = conn.prepare(&select.current(table))?;
    let mut history = conn.prepare(&select.ended(table))?;
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
        match before.content.place {
            _ if !differs => {}
            Place::Current => select.push_row(&mut current, [key], &mut read)?,
            Place::History(from) => {
                select.push_row(&mut history, params![key, iso(from)], &mut read)?;
            }
            // What is stored is not delivered.
            Place::Delivered(_) => {}
        }
    }
    Ok(read)
}
