//! What a store does, in domain types: an open transaction, and the store that opens it.
//!
//! What becomes of a key is decided by the loops of [`rows`](super::rows), [`trees`](super::trees) and their like, which
//! every store runs over what it has read. So one call is a feed or a forest, never a row, and stores cannot differ in
//! what they decide.

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::NaiveDate;

use crate::config::schema::{ForestSchema, Schema};
use crate::headcount::{Differences, Group};
use crate::model::{
    Cancel, Feed, MendedFinding, PerFeed, RecentRun, RecordedFiles, RowCounter, RunId, StoredRows,
};
use crate::store::branches::Branches;
use crate::store::claim_keeper::ClaimKeeper;
use crate::store::current_rows::NextRows;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::keys::KeyList;
use crate::store::record::RunRecord;
use crate::store::retraction_record::RetractionRecord;
use crate::store::rows::Written;
use crate::store::run_claim::{ClaimTerms, RunClaim};
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::first_trees::{FirstTrees, FirstTreesPlace};
use crate::store::stored_event::StoredEvent;
use crate::store::stored_feed::StoredFeed;
use crate::store::trees::NewTree;

/// A store of one tenant.
pub(super) trait Backend: Debug {
    /// The newest snapshot.
    fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError>;

    /// The recorded runs in a few figures, newest first, at most so many.
    fn recent_runs(&self, limit: usize) -> Result<Vec<RecentRun>, StoreError>;

    /// All dates with a snapshot, ascending.
    fn dates(&self) -> Result<Vec<NaiveDate>, StoreError>;

    /// What was published, approved and taken back, in order.
    fn events(&self) -> Result<Vec<StoredEvent>, StoreError>;

    /// The files that the newest snapshot before a date was made of.
    fn files_before(&self, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError>;

    /// The files of a recorded run.
    fn files_of(&self, run: &RunId, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError>;

    /// Records a run that published nothing, in a transaction of its own.
    fn record_run(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError>;

    /// Claims a date and keeps the claim, or keeps one that is taken already: from here on the date is published only while it
    /// holds. A store of one machine needs none.
    fn claim(
        &mut self,
        date: NaiveDate,
        terms: &ClaimTerms,
        taken: Option<&RunClaim>,
        cancel: &Cancel,
    ) -> Result<Option<ClaimKeeper>, StoreError>;

    /// Opens a transaction that changes what there is of a date.
    fn begin(&mut self, date: NaiveDate) -> Result<Opened<'_>, StoreError>;
}

/// A transaction that was opened, and what it writes to.
#[derive(Debug)]
pub(super) struct Opened<'s> {
    /// The transaction.
    pub transaction: Box<dyn Transaction<'s> + 's>,
    /// The schema of the tenant.
    pub schema: &'s Schema,
    /// The tables of the feeds.
    pub tables: &'s PerFeed<FeedTable>,
}

/// An open transaction. Nothing is visible to others before it is committed; if dropped before that, it changes nothing.
pub(super) trait Transaction<'s>: Debug + Send {
    /// All dates with a snapshot, ascending.
    fn dates(&mut self) -> Result<Vec<NaiveDate>, StoreError>;

    /// The newest snapshot before a date.
    fn snapshot_before(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError>;

    /// The snapshot of a date.
    fn snapshot_of(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError>;

    /// The branches of the snapshot before a date.
    fn branches(&mut self, date: NaiveDate) -> Result<Branches, StoreError>;

    /// The rows of a feed around a date. `newest` is the newest date with a snapshot: nothing has ended after it. The rows of
    /// the snapshot before the date are counted in their branches, if the feed has any.
    fn stored(
        &mut self,
        feed: Feed,
        date: NaiveDate,
        newest: Option<NaiveDate>,
        branches: Option<&mut Branches>,
    ) -> Result<StoredFeed, StoreError>;

    /// Whether the stored forests are exactly what this program makes of the rows of the newest snapshot.
    fn has_current_trees(&mut self) -> Result<bool, StoreError>;

    /// Of one feed, some fields of the rows of the snapshot before a date that a delivery does not bring again as they were.
    fn previous_rows(
        &mut self,
        feed: Feed,
        fields: &[&str],
        date: NaiveDate,
        stored: &StoredFeed,
        delivery: DeliveredRows<'_>,
    ) -> Result<StoredRows, StoreError>;

    /// Some fields of the rows of these keys in the newest snapshot, by key.
    fn rows_of(
        &mut self,
        feed: Feed,
        fields: &[&str],
        keys: &KeyList,
    ) -> Result<StoredRows, StoreError>;

    /// Some fields of all rows of the newest snapshot, by key.
    fn newest_rows(&mut self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError>;

    /// Writes the rows of a feed as a delivery brings them.
    fn write_feed(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
        branches: &mut Branches,
        delivery: DeliveredRows<'_>,
        counter: RowCounter<'_>,
    ) -> Result<Written, StoreError>;

    /// Brings the rows of a feed to what they are without a delivery of the date.
    fn write_feed_without(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
    ) -> Result<Written, StoreError>;

    /// Writes the rows of a forest, those that differ from the stored ones. `known` is what is stored, if that is known.
    /// Returns how many rows were written or deleted.
    fn write_tree(
        &mut self,
        forest: &ForestSchema,
        new: &NewTree<'_>,
        known: Option<NewTree<'_>>,
        counter: RowCounter<'_>,
    ) -> Result<u64, StoreError>;

    /// Where the forests of a first load may be written beside the store, if it gains by it and has none yet.
    fn first_trees(&mut self) -> Result<Option<FirstTreesPlace<'s>>, StoreError>;

    /// Takes over what was written there.
    fn take_trees(&mut self, trees: FirstTrees, counter: RowCounter<'_>) -> Result<(), StoreError>;

    /// Notes that all forests have been made of the rows of the newest snapshot.
    fn note_trees(&mut self) -> Result<(), StoreError>;

    /// Writes the snapshot of a date, in place of one of the same date.
    fn write_snapshot(&mut self, snapshot: &SnapshotInfo) -> Result<(), StoreError>;

    /// Adds to the counts of a date.
    fn add_rows(&mut self, date: NaiveDate, more: &PerFeed<i64>) -> Result<(), StoreError>;

    /// Deletes the snapshot of a date, and records who took it back.
    fn delete_snapshot(
        &mut self,
        snapshot: &SnapshotInfo,
        record: RetractionRecord<'_>,
    ) -> Result<(), StoreError>;

    /// Writes what of the derived tables can be told once all feeds are written. `agents` are those that each date has more;
    /// `hierarchy` are the dates with another hierarchy.
    fn write_derived(
        &mut self,
        dates: Dates<'_>,
        agents: &Differences<Group>,
        hierarchy: &BTreeSet<NaiveDate>,
    ) -> Result<(), StoreError>;

    /// Records a run.
    fn record(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError>;

    /// The findings of the run that published a snapshot.
    fn earlier_findings(&mut self, snapshot: &SnapshotInfo) -> Result<EarlierFindings, StoreError>;

    /// Earlier findings as a report shows those that are gone.
    fn mended(&mut self, findings: &[EarlierFinding]) -> Result<Vec<MendedFinding>, StoreError>;

    /// Makes the ages of the findings of all dates after one anew.
    fn renew_ages(&mut self, after: NaiveDate) -> Result<(), StoreError>;

    /// Prepares what readers gain by after a publication, such as statistics.
    fn prepare_reading(&mut self) -> Result<(), StoreError>;

    /// Makes the changes visible to all readers; from here on they survive a power cut. Returns whether a reader keeps the
    /// store from showing them in its file alone. `next` are the rows of the newest snapshot, where they are known.
    fn commit(self: Box<Self>, next: PerFeed<Option<NextRows>>) -> Result<bool, StoreError>;
}
