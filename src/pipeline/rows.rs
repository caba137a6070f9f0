//! Writes accepted rows to the database, and reads the rows that are carried from the last snapshot.

use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Delivery, FileState};
use crate::model::{Cancel, CarriedRow, Feed, PerFeed, Previous};
use crate::rules::fields_of_previous;
use crate::store::{Cell, FeedOutcome, NewRows, Publication, StoreError};
use crate::trees::fields_of_carried;

/// Writes the rows of all feeds into the open transaction.
pub(super) fn write_rows(
    publication: &mut Publication<'_>,
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    quarantined: &PerFeed<Vec<String>>,
    cancel: &Cancel,
) -> Result<PerFeed<FeedOutcome>, StoreError> {
    let mut written = PerFeed::<FeedOutcome>::default();
    for feed in Feed::ALL {
        // After a cancellation the transaction is rolled back, with the rows of all feeds.
        if cancel.is_asked() {
            break;
        }
        let FileState::Parsed(parsed, _) = &delivery.files[feed].state else { continue };
        let keys: Vec<&str> = quarantined[feed].iter().map(String::as_str).collect();
        let rows =
            NewRows { table: &parsed.table, accepted: &accepted[feed].order, quarantined: &keys };
        written[feed] = publication.write_rows(feed, &rows)?;
    }
    Ok(written)
}

/// What the delivery differs in from the last snapshot, for the rules that look at it; none if there is no snapshot.
pub(super) fn previous(
    publication: &Publication<'_>,
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    quarantined: &PerFeed<Vec<String>>,
) -> Result<Option<Previous>, StoreError> {
    let Some(date) = publication.previous().map(|previous| previous.date) else { return Ok(None) };
    let rows = PerFeed::try_from_fn(|feed| {
        let FileState::Parsed(parsed, _) = &delivery.files[feed].state else { return Ok(None) };
        let Some(fields) = fields_of_previous(delivery.schema, feed) else { return Ok(None) };
        let keys: Vec<&str> = quarantined[feed].iter().map(String::as_str).collect();
        let rows =
            NewRows { table: &parsed.table, accepted: &accepted[feed].order, quarantined: &keys };
        publication.previous_rows(feed, &rows, &fields).map(Some)
    })?;
    Ok(Some(Previous { date, rows }))
}

/// Rows of the last snapshot that replace quarantined ones, as the trees need them.
pub(super) fn carried(
    schema: &Schema,
    publication: &Publication<'_>,
    feed: Feed,
) -> Result<Vec<CarriedRow>, StoreError> {
    let fields = fields_of_carried(schema, feed);
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    let text = |cell: Cell| match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text),
        Cell::Int(number) => Some(number.to_string()),
    };
    let rows = publication.carried(feed, &names)?.into_iter().map(|row| CarriedRow {
        key: row.key,
        texts: fields
            .iter()
            .cloned()
            .zip(row.cells)
            .filter_map(|(field, cell)| Some((field, text(cell)?)))
            .collect(),
    });
    Ok(rows.collect())
}
