//! The forests of a delivery that are made while its rows are written: they are known before, unless the last good version
//! of a record is carried.

use crate::config::schema::ForestSchema;
use crate::delivery::{Acceptance, Delivery};
use crate::links::Links;
use crate::model::{Cancel, Feed, PerFeed, Previous, StoredRows, TreeRows};
use crate::store::{FirstTrees, FirstTreesPlace, Publication, StoreError};
use crate::trees::{DeliveredForest, tree_rows};

/// Forests that are made before the rows of the feeds are written.
pub(super) enum EarlyTrees<'d> {
    /// Their rows.
    Rows(Vec<(&'d ForestSchema, TreeRows<'d>)>),
    /// Of a first load: in a file.
    File(FirstTrees),
}

/// Where forests go that may be made early.
pub(super) enum EarlyPlace<'s> {
    /// They are kept.
    Memory,
    /// They are written beside the database.
    File(FirstTreesPlace<'s>),
}

/// Whether the forests of a delivery can be made early, and will be needed; once the snapshot before was compared with it.
pub(super) fn place<'s>(
    publication: &mut Publication<'s>,
    accepted: &PerFeed<Acceptance>,
    quarantined: &PerFeed<Vec<String>>,
    before: Option<&Previous>,
) -> Result<Option<EarlyPlace<'s>>, StoreError> {
    let may_be_carried = quarantined.iter().any(|keys| !keys.is_empty());
    if may_be_carried || !publication.is_newest() {
        return Ok(None);
    }
    if let Some(place) = publication.first_trees()? {
        return Ok(Some(EarlyPlace::File(place)));
    }
    let is_same = |feed: Feed| {
        let gone = before.is_some_and(|before| !before.rows[feed].iter().all(StoredRows::is_empty));
        !gone && accepted[feed].order.len() as u64 == publication.rows_before(feed)
    };
    let differs = !Feed::ALL.into_iter().all(is_same);
    Ok(differs.then_some(EarlyPlace::Memory))
}

/// Makes them. `nothing` is what is carried: no rows.
pub(super) fn make<'d>(
    place: EarlyPlace<'_>,
    delivery: &'d Delivery<'d>,
    accepted: &'d PerFeed<Acceptance>,
    (links, forests): (&Links<'_>, &[DeliveredForest<'d>]),
    nothing: &'d PerFeed<StoredRows>,
    cancel: &Cancel,
) -> Result<EarlyTrees<'d>, StoreError> {
    let rows = tree_rows(delivery, accepted, links, forests, nothing);
    match place {
        EarlyPlace::Memory => Ok(EarlyTrees::Rows(rows)),
        EarlyPlace::File(place) => place.write(&rows, cancel).map(EarlyTrees::File),
    }
}
