//! Writes accepted rows and forests to the database.

use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Delivery, FileState};
use crate::model::{Cancel, Feed, PerFeed, Previous};
use crate::rules::fields_of_previous;
use crate::store::{DateChange, FeedOutcome, NewRows, Publication, StoreError};
use crate::trees::{fields_of_stored, name_of_records, stored_tree_rows};

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
        let fields = fields_of_previous(delivery.schema, feed);
        let keys: Vec<&str> = quarantined[feed].iter().map(String::as_str).collect();
        let rows =
            NewRows { table: &parsed.table, accepted: &accepted[feed].order, quarantined: &keys };
        publication.previous_rows(feed, &rows, &fields).map(Some)
    })?;
    Ok(Some(Previous { date, rows }))
}

/// Makes the forests anew from the rows of the newest snapshot.
pub(super) fn write_stored_trees(
    schema: &Schema,
    change: &mut DateChange<'_>,
) -> Result<(), StoreError> {
    let rows =
        PerFeed::try_from_fn(|feed| change.newest_rows(feed, &fields_of_stored(schema, feed)))?;
    let forests = schema.forests.iter().map(|forest| (forest, name_of_records(schema, forest)));
    for (forest, rows) in stored_tree_rows(forests, &rows) {
        change.write_tree(forest, &rows)?;
    }
    Ok(())
}
