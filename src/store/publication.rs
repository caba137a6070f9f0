//! One publication: an open transaction that only an `Approved` can commit.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::config::schema::Schema;
use crate::gate::Approved;
use crate::model::{Feed, FeedChanges, MendedFinding, PerFeed, RowCounter, StoredRows};
use crate::store::ages;
use crate::store::branches::{Branch, BranchFields, Branches};
use crate::store::current_rows::{self, CurrentRowsFile};
use crate::store::date_change::DateChange;
use crate::store::dates::iso;
use crate::store::delivered_rows::{DeliveredRows, NewRows};
use crate::store::earlier_findings::{self, EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::first_trees::FirstTreesPlace;
use crate::store::forest_state;
use crate::store::indexes;
use crate::store::previous_rows;
use crate::store::record::{self, RunRecord};
use crate::store::rows::{self, FeedOutcome, Written};
use crate::store::select::Select;
use crate::store::snapshot::{self, SnapshotInfo};
use crate::store::stored_feed::StoredFeed;

/// An open transaction that imports one business date. Nothing is visible to others before
/// [`Publication::commit`]; if dropped before that, it changes nothing.
#[derive(Debug)]
pub struct Publication<'s> {
    change: DateChange<'s>,
    previous: Option<SnapshotInfo>,
    /// One a feed; dropped once the feed is written.
    stored: PerFeed<Option<StoredFeed>>,
    /// One a feed: rows of the snapshot before.
    rows_before: PerFeed<u64>,
    branches: Branches,
    /// Whether the stored forests are exactly those of the snapshot before.
    has_trees_before: bool,
}

/// What the forests of the newest snapshot are made of when a date is published. There are none of older dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeSource {
    /// Of the delivery: its date is the newest.
    Delivery {
        /// Whether the stored forests are exactly those that the rows of the snapshot before make.
        former_is_stored: bool,
    },
    /// Of the rows of the newest snapshot: the delivery of an older date has changed what is carried in it.
    NewestRows,
    /// They stay.
    Unchanged,
}

impl<'s> Publication<'s> {
    /// Opens the transaction and reads the tables.
    pub(super) fn begin(
        conn: &'s mut Connection,
        path: &'s Path,
        schema: &'s Schema,
        tables: &'s PerFeed<FeedTable>,
        date: NaiveDate,
    ) -> Result<Publication<'s>, StoreError> {
        let mut publication = Publication {
            change: DateChange::begin(conn, path, schema, tables, date)?,
            previous: None,
            stored: PerFeed::default(),
            rows_before: PerFeed::default(),
            branches: Branches::default(),
            has_trees_before: false,
        };
        publication.read().map_err(|error| publication.change.fault(error))?;
        Ok(publication)
    }

    fn read(&mut self) -> rusqlite::Result<()> {
        let change = &mut self.change;
        self.previous = snapshot::newest(change.conn, Some(change.date))?;
        self.branches = Branches::read(change.conn, change.schema, change.date)?;
        let mut current =
            current_rows::read(change.path(), change.schema).map(|rows| rows.map(Some));
        for feed in Feed::ALL {
            let branches = (feed == Feed::Agent).then_some(&mut self.branches);
            let current = current.as_mut().and_then(|rows| rows[feed].take());
            #[cfg(test)]
            change.assert_same(feed, current.as_ref(), branches.as_deref());
            let stored = change.stored(feed, current, branches)?;
            self.rows_before[feed] = stored.rows_before();
            self.stored[feed] = Some(stored);
        }
        self.has_trees_before =
            change.is_forward() && forest_state::is_current(change.conn, change.schema)?;
        Ok(())
    }

    /// The snapshot before the date of this publication; none on the first date.
    pub fn previous(&self) -> Option<&SnapshotInfo> {
        self.previous.as_ref()
    }

    /// Tells this of delivered rows, and of rows of forests, as they are written.
    pub fn count_rows(&mut self, counter: RowCounter<'s>) {
        self.change.counter = counter;
    }

    /// Writes the rows of one feed, once; feeds come in any order.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows are not in key order or a feed is written twice; any fault of
    /// the database. After an error the publication can only be dropped.
    pub fn write_rows(
        &mut self,
        feed: Feed,
        rows: &NewRows<'_>,
    ) -> Result<FeedOutcome, StoreError> {
        let change = &mut self.change;
        let table = &change.tables[feed];
        let misuse = || StoreError::Misuse(format!("the rows of {feed} come twice or are others"));
        if rows.table.feed() != feed {
            return Err(misuse());
        }
        let delivery = DeliveredRows::new(*rows, table)?;
        let stored = self.stored[feed].take().ok_or_else(misuse)?;
        let (conn, counter) = (&*change.conn, change.counter);
        let schema = change.schema.feed(feed);
        let branches = &mut self.branches;
        let organs = BranchFields::of(change.schema).filter(|_| feed == Feed::Agent);
        let delivery = delivery.with_organs(*rows, organs.map(|fields| fields.agent_organ));
        let write = || -> rusqlite::Result<Written> {
            if stored.is_empty() {
                indexes::drop_current(conn, schema)?;
            }
            let derivation = change.derivation(feed)?;
            let written =
                rows::write(conn, table, &stored, branches, derivation, delivery, counter)?;
            if stored.is_empty() {
                indexes::create_current(conn, schema)?;
            }
            Ok(written)
        };
        let written = write().map_err(|error| change.fault(error))?;
        Ok(change.written[feed].insert(written).outcome)
    }

    /// The rows of one feed of the snapshot before that the delivery does not bring again as they were, with the fields
    /// asked for (by the schema's names); before the feed is written.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field, or if the feed is written; any fault of the database.
    pub fn previous_rows(
        &self,
        feed: Feed,
        rows: &NewRows<'_>,
        fields: &[&str],
    ) -> Result<StoredRows, StoreError> {
        let change = &self.change;
        let table = &change.tables[feed];
        let select = Select::new(change.schema.feed(feed), fields)?;
        let delivery = DeliveredRows::new(*rows, table)?;
        let written = || StoreError::Misuse(format!("the rows of {feed} are written already"));
        let stored = self.stored[feed].as_ref().ok_or_else(written)?;
        previous_rows::read(change.conn, table, &select, change.date, stored, delivery)
            .map_err(|error| change.fault(error))
    }

    /// The organs of level 2 with their agents of the snapshot before and how many of them are gone;
    /// complete once the agents are written. Sorted by organ.
    pub fn branches(&self) -> &[Branch] {
        self.branches.list()
    }

    /// Rows of a feed in the snapshot before.
    pub fn rows_before(&self, feed: Feed) -> u64 {
        self.rows_before[feed]
    }

    /// The rows of a feed of which the last good version is carried, by key, with the fields asked for (by
    /// the schema's names); available once the feed is written, for the newest date.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field; any fault of the database.
    pub fn carried(&self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        let change = &self.change;
        let Some(written) = &change.written[feed] else {
            return Err(StoreError::Misuse(format!("the rows of {feed} are not written yet")));
        };
        let select = Select::new(change.schema.feed(feed), fields)?;
        let mut carried = select.rows();
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = change.conn.prepare(&select.current(&change.tables[feed]))?;
            for at in 0..written.carried.len() {
                select.push_row(&mut statement, [written.carried.get(at)], &mut carried)?;
            }
            Ok(())
        };
        read().map_err(|error| change.fault(error))?;
        Ok(carried)
    }

    /// The findings of the snapshot before the date of this publication; none on the first date.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn earlier_findings(&self) -> Result<Option<EarlierFindings>, StoreError> {
        let read = |previous| earlier_findings::read(self.change.conn, previous);
        let found = self.previous.as_ref().map(read).transpose();
        found.map_err(|error| self.change.fault(error))
    }

    /// Earlier findings as a report shows those that are gone.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn mended(&self, findings: &[EarlierFinding]) -> Result<Vec<MendedFinding>, StoreError> {
        earlier_findings::details(self.change.conn, findings)
            .map_err(|error| self.change.fault(error))
    }

    /// What the forests are to be made of; once all feeds are written.
    pub fn tree_source(&self) -> TreeSource {
        match (self.change.dates().has_later(), self.change.newest_changed()) {
            (false, _) if self.has_trees_before && !self.differs() => TreeSource::Unchanged,
            (false, _) => TreeSource::Delivery { former_is_stored: self.has_trees_before },
            (true, true) => TreeSource::NewestRows,
            (true, false) => TreeSource::Unchanged,
        }
    }

    /// Whether the date is the newest, so that the forests are to be those of its delivery.
    pub fn is_newest(&self) -> bool {
        !self.change.dates().has_later()
    }

    /// Where the forests may be written before the feeds are; none but on a first load.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn first_trees(&self) -> Result<Option<FirstTreesPlace<'s>>, StoreError> {
        let change = &self.change;
        // The file is attached by a statement, which holds UTF-8.
        let is_first = change.path().to_str().is_some()
            && change.is_first_load().map_err(|error| change.fault(error))?;
        Ok(is_first.then(|| FirstTreesPlace::new(change.path(), change.schema)))
    }

    /// Whether any row differs from the snapshot before.
    fn differs(&self) -> bool {
        self.change.written.iter().flatten().any(|written| {
            let FeedChanges { added, changed, removed, .. } = written.outcome.snapshot_changes;
            added + changed + removed > 0
        })
    }

    /// The rows of a feed that the snapshot before does not have, or has with other content, if there is one; once the feed
    /// is written.
    pub fn fresh_rows(&self, feed: Feed) -> &[u32] {
        self.change.written[feed].as_ref().map_or(&[], |written| &written.fresh)
    }

    /// The transaction, for its forests.
    pub fn change(&mut self) -> &mut DateChange<'s> {
        &mut self.change
    }

    /// Publishes: from here on the new snapshot is visible to all readers and survives a power cut. Returns whether it is
    /// in the log of the database still, as a program reads an earlier snapshot: the file alone does not show it yet.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a feed or a forest was not written; any fault of the database. The
    /// previous snapshot then stays.
    pub fn commit(self, approved: Approved, record: RunRecord<'_, '_>) -> Result<bool, StoreError> {
        // The approval is consumed: one approval allows one publication.
        let Approved { .. } = approved;
        let trees = self.tree_source() != TreeSource::Unchanged;
        let mut change = self.change;
        change.missing(trees)?;
        let write = || -> rusqlite::Result<()> {
            write_snapshot(&change, &record)?;
            change.write_later_counts()?;
            change.write_derived()?;
            record::write(change.conn, record)?;
            ages::renew_after(change.conn, change.date)?;
            change.note_trees()?;
            indexes::analyze(change.conn)
        };
        write().map_err(|error| change.fault(error))?;
        let next = PerFeed::from_fn(|feed| change.written[feed].as_mut()?.next.take());
        let (path, schema) = (change.path(), change.schema);
        thread::scope(|scope| {
            let rows = scope.spawn(|| CurrentRowsFile::of(next));
            let is_log_pending = change.commit()?;
            if let Some(rows) = rows.join().unwrap_or_else(|p| resume_unwind(p))
                && let Err(error) = rows.write(path, schema)
            {
                tracing::debug!("the copy of the keys is not written: {error}");
            }
            Ok(is_log_pending)
        })
    }

    /// The open transaction, for tests of its content.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        self.change.conn
    }
}

fn write_snapshot(change: &DateChange<'_>, record: &RunRecord<'_, '_>) -> rusqlite::Result<()> {
    let rows =
        |feed: Feed| change.written[feed].as_ref().map_or(0, |written| written.outcome.rows());
    let [agent, node, organ, principal] = Feed::ALL.map(|f| rows(f).cast_signed());
    change.conn.execute(
        "insert into snapshot (business_date, run, agent_rows, node_rows, organ_rows, principal_rows) \
         values (?1, ?2, ?3, ?4, ?5, ?6) \
         on conflict (business_date) do update set run = excluded.run, \
         agent_rows = excluded.agent_rows, node_rows = excluded.node_rows, \
         organ_rows = excluded.organ_rows, principal_rows = excluded.principal_rows",
        params![iso(change.date), record.report.run.0, agent, node, organ, principal],
    )?;
    Ok(())
}
