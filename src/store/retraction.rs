//! One retraction: what there is of a date goes, as if it had never been delivered.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::{Connection, params};

use crate::config::schema::Schema;
use crate::model::{Feed, PerFeed, RunId};
use crate::store::ages;
use crate::store::date_change::DateChange;
use crate::store::dates::iso;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::rows;
use crate::store::snapshot::{self, SnapshotInfo};

/// Who takes a date back, when and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetractionRecord<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// An open transaction that takes a date back. If dropped before its commit, it changes nothing.
#[derive(Debug)]
pub struct Retraction<'s> {
    change: DateChange<'s>,
    run: RunId,
}

impl<'s> Retraction<'s> {
    /// Opens the transaction and brings the rows of all feeds to what they are without the date.
    pub(super) fn begin(
        conn: &'s mut Connection,
        path: &'s std::path::Path,
        schema: &'s Schema,
        tables: &'s PerFeed<FeedTable>,
        date: NaiveDate,
    ) -> Result<Retraction<'s>, StoreError> {
        let mut change = DateChange::begin(conn, path, schema, tables, date)?;
        let found = snapshot::of(change.conn, date).map_err(|error| change.fault(error))?;
        let Some(SnapshotInfo { run, .. }) = found else {
            let known = snapshot::dates(change.conn).map_err(|error| change.fault(error))?;
            return Err(StoreError::UnknownDate { date, known });
        };
        change.kept = false;
        for feed in Feed::ALL {
            let write = |change: &DateChange<'_>| {
                let stored = change.stored(feed, None, None)?;
                let derivation = change.derivation(feed)?;
                rows::write_without(change.conn, &tables[feed], &stored, derivation)
            };
            change.written[feed] = Some(write(&change).map_err(|error| change.fault(error))?);
        }
        Ok(Retraction { change, run })
    }

    /// The transaction, for the forests of the newest snapshot, if it has changed.
    pub fn change(&mut self) -> &mut DateChange<'s> {
        &mut self.change
    }

    /// Takes the date back: from here on it is gone for all readers. Returns the run that had published it.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a forest that has changed was not written; any fault of the database. The date then
    /// stays.
    pub fn commit(self, record: RetractionRecord<'_>) -> Result<RunId, StoreError> {
        let Retraction { change, run } = self;
        change.missing(change.newest_changed())?;
        let write = || -> rusqlite::Result<()> {
            change.write_later_counts()?;
            change.write_derived()?;
            let date = iso(change.date);
            change.conn.execute("delete from snapshot where business_date = ?1", [&date])?;
            let at = record.at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let sql = "insert into retraction (business_date, run, retracted, retracted_by, reason) \
                       values (?1, ?2, ?3, ?4, ?5)";
            change.conn.execute(sql, params![date, run.0, at, record.by, record.reason])?;
            ages::renew_after(change.conn, change.date)?;
            change.note_trees()
        };
        write().map_err(|error| change.fault(error))?;
        change.commit()?;
        Ok(run)
    }
}
