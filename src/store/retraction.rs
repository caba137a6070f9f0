//! One retraction: what there is of a date goes, as if it had never been delivered.

use chrono::NaiveDate;

use crate::model::{Feed, RunId};
use crate::store::date_change::DateChange;
use crate::store::error::StoreError;
use crate::store::retraction_record::RetractionRecord;
use crate::store::snapshot::SnapshotInfo;
use crate::store::transaction::Opened;

/// An open transaction that takes a date back. If dropped before its commit, it changes nothing.
#[derive(Debug)]
pub struct Retraction<'s> {
    change: DateChange<'s>,
    snapshot: SnapshotInfo,
}

impl<'s> Retraction<'s> {
    /// Brings the rows of all feeds to what they are without the date.
    pub(super) fn begin(opened: Opened<'s>, date: NaiveDate) -> Result<Retraction<'s>, StoreError> {
        let mut change = DateChange::begin(opened, date)?;
        let Some(snapshot) = change.transaction.snapshot_of(date)? else {
            let known = change.transaction.dates()?;
            return Err(StoreError::UnknownDate { date, known });
        };
        change.kept = false;
        for feed in Feed::ALL {
            change.write_feed_without(feed)?;
        }
        Ok(Retraction { change, snapshot })
    }

    /// The transaction, for the forests of the newest snapshot, if it has changed.
    pub fn change(&mut self) -> &mut DateChange<'s> {
        &mut self.change
    }

    /// Takes the date back: from here on it is gone for all readers. Returns the run that had published it.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a forest that has changed was not written; any fault of the store. The date then
    /// stays.
    pub fn commit(self, record: RetractionRecord<'_>) -> Result<RunId, StoreError> {
        let Retraction { mut change, snapshot } = self;
        change.missing(change.newest_changed())?;
        change.write_later_counts()?;
        change.write_derived()?;
        change.transaction.delete_snapshot(&snapshot, record)?;
        change.transaction.renew_ages(change.date)?;
        change.note_trees()?;
        change.commit()?;
        Ok(snapshot.run)
    }
}
