//! The records of the delivery before that are gone or have other content now, by key.

use std::collections::HashMap;

use crate::model::{Feed, PerFeed, StoredRows};

use super::places::{Places, name_field, organ_field, parent_field};

/// What the delivery before had and this one has not, or has with other content.
pub(super) struct Gone<'p> {
    rows: PerFeed<Option<Rows<'p>>>,
}

struct Rows<'p> {
    rows: &'p StoredRows,
    gone: HashMap<&'p str, usize>,
    changed: HashMap<&'p str, usize>,
}

impl<'p> Gone<'p> {
    pub(super) fn new(
        places: &Places<'_, '_>,
        previous: Option<&'p PerFeed<Option<StoredRows>>>,
    ) -> Gone<'p> {
        let rows = PerFeed::from_fn(|feed| {
            let (rows, file) = (previous?[feed].as_ref()?, places.file(feed)?);
            let all = (0..rows.len()).map(|row| (rows.key(row), row));
            let (gone, changed) = all.partition(|(key, _)| file.find(key).is_none());
            Some(Rows { rows, gone, changed })
        });
        Gone { rows }
    }

    /// The keys of the records that are gone, as they were read.
    pub(super) fn keys(&self, feed: Feed) -> impl Iterator<Item = &'p str> {
        self.rows[feed].iter().flat_map(|Rows { rows, gone, .. }| {
            (0..rows.len()).map(|row| rows.key(row)).filter(|key| gone.contains_key(key))
        })
    }

    /// The name that a record had that is still there, where anything of it has changed.
    pub(super) fn former_name(
        &self,
        places: &Places<'_, '_>,
        feed: Feed,
        key: &str,
    ) -> Option<&'p str> {
        let rows = self.rows[feed].as_ref()?;
        rows.rows.cell(*rows.changed.get(key)?, name_field(places.delivery.schema, feed)?)
    }

    pub(super) fn has(&self, feed: Feed, key: &str) -> bool {
        self.rows[feed].as_ref().is_some_and(|rows| rows.gone.contains_key(key))
    }

    /// The cell of a record that is gone.
    pub(super) fn cell(&self, feed: Feed, key: &str, field: &str) -> Option<&'p str> {
        let rows = self.rows[feed].as_ref()?;
        rows.rows.cell(*rows.gone.get(key)?, field)
    }

    /// The name of a record that is gone.
    pub(super) fn name(&self, places: &Places<'_, '_>, feed: Feed, key: &str) -> Option<&'p str> {
        self.cell(feed, key, name_field(places.delivery.schema, feed)?)
    }

    /// The key of the record above one that is gone.
    pub(super) fn parent(&self, places: &Places<'_, '_>, feed: Feed, key: &str) -> Option<&'p str> {
        self.cell(feed, key, parent_field(places.delivery.schema, feed)?)
    }

    /// The key of the organisation of a record that is gone and no organisation itself.
    pub(super) fn organ(&self, places: &Places<'_, '_>, feed: Feed, key: &str) -> Option<&'p str> {
        self.cell(feed, key, organ_field(places.delivery.schema, feed)?)
    }
}
