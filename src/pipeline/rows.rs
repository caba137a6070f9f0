//! Writes accepted rows and forests to the database.

use std::{panic::resume_unwind, thread};

use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Delivery, FileState};
use crate::links::Links;
use crate::model::{Cancel, Feed, PerFeed, Previous, StoredRows};
use crate::rules::fields_of_previous;
use crate::store::{DateChange, FeedOutcome, NewRows, Publication, StoreError};
use crate::trees::{
    DeliveredForest, fields_of_stored, former_tree_rows, name_of_records, stored_tree_rows,
    tree_rows,
};

use super::early_trees::EarlyTrees;
use super::tally::Tally;

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
    publication: &mut Publication<'_>,
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    quarantined: &PerFeed<Vec<String>>,
) -> Result<Option<Previous>, StoreError> {
    let Some(date) = publication.previous().map(|previous| previous.date) else { return Ok(None) };
    let rows = PerFeed::try_from_fn(|feed| {
        let FileState::Parsed(parsed, _) = &delivery.files[feed].state else { return Ok(None) };
        let of_rules = fields_of_previous(delivery.schema, feed);
        // The forests of the snapshot before are made of them too.
        let of_trees = fields_of_stored(delivery.schema, feed);
        let further = of_trees.into_iter().filter(|field| !of_rules.contains(field));
        let fields: Vec<&str> = of_rules.iter().copied().chain(further).collect();
        let keys: Vec<&str> = quarantined[feed].iter().map(String::as_str).collect();
        let rows =
            NewRows { table: &parsed.table, accepted: &accepted[feed].order, quarantined: &keys };
        publication.previous_rows(feed, &rows, &fields).map(Some)
    })?;
    Ok(Some(Previous { date, rows }))
}

/// Writes the forests of a delivery of the newest date, of which `early` are made already. `before` is what the delivery
/// differs in from the snapshot before, if the stored forests are those of that snapshot.
pub(super) fn write_delivered_trees(
    publication: &mut Publication<'_>,
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    (links, forests, early): (&Links<'_>, &[DeliveredForest<'_>], Option<EarlyTrees<'_>>),
    before: Option<&Previous>,
    run: (&Tally, &Cancel),
) -> Result<(), StoreError> {
    let (tally, cancel) = run;
    let early = match early {
        Some(EarlyTrees::File(file)) => {
            let forests = forests.iter().map(|delivered| delivered.schema.feed);
            tally.restart(forests.map(|feed| accepted[feed].order.len() as u64).sum());
            return publication.change().take_trees(file);
        }
        Some(EarlyTrees::Rows(rows)) => Some(rows),
        None => None,
    };
    let schema = delivery.schema;
    let carried =
        PerFeed::try_from_fn(|feed| publication.carried(feed, &fields_of_stored(schema, feed)))?;
    let former = before.map(|before| {
        PerFeed::from_fn(|feed| {
            let mut rows = StoredRows::new(&fields_of_stored(schema, feed));
            before.rows[feed].iter().for_each(|differing| rows.append(differing));
            rows.append(&carried[feed]);
            rows
        })
    });
    let fresh = PerFeed::from_fn(|feed| publication.fresh_rows(feed));
    let (trees, former) = thread::scope(|scope| {
        let former = former.as_ref().map(|former| {
            scope.spawn(move || former_tree_rows(delivery, accepted, links, &fresh, former))
        });
        let trees =
            early.unwrap_or_else(|| tree_rows(delivery, accepted, links, forests, &carried));
        let former = former.map(|former| former.join().unwrap_or_else(|p| resume_unwind(p)));
        (trees, former.unwrap_or_default())
    });
    tally.restart(trees.iter().map(|(_, rows)| rows.ids.len() as u64).sum());
    for (forest, rows) in trees {
        let former = former.iter().find(|(of, _)| *of == forest).map(|(_, rows)| rows);
        publication.change().write_tree(forest, &rows, former)?;
        if cancel.is_asked() {
            break;
        }
    }
    Ok(())
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
        change.write_tree(forest, &rows, None)?;
    }
    Ok(())
}
