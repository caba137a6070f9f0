//! Writes the rows of one feed. Decisions are taken in memory, key by key; what they need of the server is asked for at
//! once, and what follows from them is applied at once: no statement is for one row.

use crate::config::schema::Schema;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derivation::{Derivation, Derived};
use crate::store::derived_columns::DerivedColumns;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::keys::KeyList;
use crate::store::postgres::changed_key::ChangedKey;
use crate::store::postgres::derived_rows::DerivedRows;
use crate::store::postgres::feed_changes;
use crate::store::postgres::feed_reading::read_later;
use crate::store::postgres::session::Session;
use crate::store::rows::{FeedWriter, keys_with_later};
use crate::store::stored_feed::StoredFeed;
use crate::store::stored_key::{Content, StoredVersion};
use crate::timeline::Timeline;

/// Gathers the changes of a feed.
pub(super) struct PostgresFeedWriter<'w> {
    session: &'w mut Session,
    tenant: i32,
    schema: &'w Schema,
    table: &'w FeedTable,
    dates: Dates<'w>,
    /// Versions that begin after the date, by key, and how many of them are taken.
    later: (KeyList, Vec<StoredVersion>),
    taken: usize,
    /// Delivered rows of keys of which nothing is stored.
    inserted: Vec<u32>,
    changed: Vec<ChangedKey>,
}

impl<'w> PostgresFeedWriter<'w> {
    /// Reads what the decisions need besides what is read already.
    pub(super) fn new(
        session: &'w mut Session,
        tenant: i32,
        (schema, table): (&'w Schema, &'w FeedTable),
        dates: Dates<'w>,
        stored: &StoredFeed,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> Result<PostgresFeedWriter<'w>, StoreError> {
        let keys = keys_with_later(dates, stored, delivery);
        let later = read_later(session, tenant, table, dates.date, &keys)?;
        Ok(PostgresFeedWriter {
            session,
            tenant,
            schema,
            table,
            dates,
            later,
            taken: 0,
            inserted: Vec::new(),
            changed: Vec::new(),
        })
    }
}

impl FeedWriter for PostgresFeedWriter<'_> {
    type Error = StoreError;

    fn later(&mut self, key: &str) -> Result<Vec<StoredVersion>, StoreError> {
        let (keys, versions) = &self.later;
        while self.taken < keys.len() && keys.get(self.taken) < key {
            self.taken += 1;
        }
        let first = self.taken;
        while self.taken < keys.len() && keys.get(self.taken) == key {
            self.taken += 1;
        }
        Ok(versions.get(first..self.taken).unwrap_or_default().to_vec())
    }

    fn insert(&mut self, _: &str, _: &DeliveredRows<'_>, row: usize) -> Result<(), StoreError> {
        self.inserted.push(row as u32);
        Ok(())
    }

    fn change(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        _: Option<&DeliveredRows<'_>>,
    ) -> Result<(), StoreError> {
        let (old, new) = (old.clone(), new.clone());
        self.changed.push(ChangedKey { key: key.to_owned(), old, new });
        Ok(())
    }

    fn finish(self, delivery: Option<&DeliveredRows<'_>>) -> Result<Derived, StoreError> {
        let PostgresFeedWriter { session, tenant, schema, table, dates, inserted, changed, .. } =
            self;
        // What was stored is read before anything is written over it.
        let columns = DerivedColumns::new(schema, table);
        let new_keys = |row: &u32| delivery.map_or("", |delivery| delivery.key(*row as usize));
        let keys = inserted.iter().map(new_keys);
        let derived = DerivedRows::read(session, tenant, (table, &columns), dates, &changed, keys)?;
        let mut derivation = Derivation::new(columns, derived, dates);
        if let Some(delivery) = delivery {
            for row in &inserted {
                let row = *row as usize;
                derivation.insert(delivery.key(row), delivery, row)?;
            }
        }
        for ChangedKey { key, old, new } in &changed {
            derivation.change(key, old, new, delivery)?;
        }
        let (derived, rows) = derivation.finish();
        rows.write(session, tenant)?;
        feed_changes::apply(session, tenant, table, dates.date, &inserted, &changed, delivery)?;
        Ok(derived)
    }
}
