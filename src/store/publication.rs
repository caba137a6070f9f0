//! One publication: an open transaction that only an `Approved` can commit.

use chrono::NaiveDate;

use crate::gate::Approved;
use crate::model::{Feed, FeedChanges, MendedFinding, PerFeed, RowCounter, StoredRows};
use crate::store::branches::{Branch, BranchFields, Branches};
use crate::store::date_change::DateChange;
use crate::store::delivered_rows::{DeliveredRows, NewRows};
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::record::RunRecord;
use crate::store::rows::FeedOutcome;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::first_trees::FirstTreesPlace;
use crate::store::stored_feed::StoredFeed;
use crate::store::transaction::Opened;

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
    /// Reads what the date is compared with.
    pub(super) fn begin(
        opened: Opened<'s>,
        date: NaiveDate,
    ) -> Result<Publication<'s>, StoreError> {
        let mut change = DateChange::begin(opened, date)?;
        let previous = change.transaction.snapshot_before(date)?;
        let mut branches = change.transaction.branches(date)?;
        let mut stored: PerFeed<Option<StoredFeed>> = PerFeed::default();
        let mut rows_before = PerFeed::default();
        for feed in Feed::ALL {
            let read = change.stored(feed, (feed == Feed::Agent).then_some(&mut branches))?;
            rows_before[feed] = read.rows_before();
            stored[feed] = Some(read);
        }
        let has_trees_before = change.is_forward() && change.transaction.has_current_trees()?;
        Ok(Publication { change, previous, stored, rows_before, branches, has_trees_before })
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
        let organs = BranchFields::of(change.schema).filter(|_| feed == Feed::Agent);
        let delivery = delivery.with_organs(*rows, organs.map(|fields| fields.agent_organ));
        let (branches, counter) = (&mut self.branches, change.counter);
        let written = change.write_feed(feed, &stored, branches, delivery, counter)?;
        Ok(change.written[feed].insert(written).outcome)
    }

    /// The rows of one feed of the snapshot before that the delivery does not bring again as they were, with the fields
    /// asked for (by the schema's names); before the feed is written.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field, or if the feed is written; any fault of the database.
    pub fn previous_rows(
        &mut self,
        feed: Feed,
        rows: &NewRows<'_>,
        fields: &[&str],
    ) -> Result<StoredRows, StoreError> {
        let change = &mut self.change;
        let delivery = DeliveredRows::new(*rows, &change.tables[feed])?;
        let written = || StoreError::Misuse(format!("the rows of {feed} are written already"));
        let stored = self.stored[feed].as_ref().ok_or_else(written)?;
        change.transaction.previous_rows(feed, fields, change.date, stored, delivery)
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
    pub fn carried(&mut self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        let change = &mut self.change;
        let Some(written) = &change.written[feed] else {
            return Err(StoreError::Misuse(format!("the rows of {feed} are not written yet")));
        };
        change.transaction.rows_of(feed, fields, &written.carried)
    }

    /// The findings of the snapshot before the date of this publication; none on the first date.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn earlier_findings(&mut self) -> Result<Option<EarlierFindings>, StoreError> {
        let Some(previous) = &self.previous else { return Ok(None) };
        self.change.transaction.earlier_findings(previous).map(Some)
    }

    /// Earlier findings as a report shows those that are gone.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn mended(
        &mut self,
        findings: &[EarlierFinding],
    ) -> Result<Vec<MendedFinding>, StoreError> {
        self.change.transaction.mended(findings)
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
    pub fn first_trees(&mut self) -> Result<Option<FirstTreesPlace<'s>>, StoreError> {
        match self.change.is_first_load() {
            true => self.change.transaction.first_trees(),
            false => Ok(None),
        }
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
        let rows =
            |feed: Feed| change.written[feed].as_ref().map_or(0, |written| written.outcome.rows());
        let run = record.report.run.clone();
        let snapshot = SnapshotInfo { date: change.date, run, rows: PerFeed::from_fn(rows) };
        change.transaction.write_snapshot(&snapshot)?;
        change.write_later_counts()?;
        change.write_derived()?;
        change.transaction.record(record)?;
        change.transaction.renew_ages(change.date)?;
        change.note_trees()?;
        change.transaction.prepare_reading()?;
        change.commit()
    }
}
