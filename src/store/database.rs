//! `org.db` open for writing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::{Connection, TransactionBehavior};

use crate::config::schema::Schema;
use crate::model::{MigrationStep, PerFeed, RecentRun, RecordedFiles, RowCounter, RunId, Verdict};
use crate::store::error::StoreError;
use crate::store::event_list::{self, StoredEvent};
use crate::store::feed_table::FeedTable;
use crate::store::layout;
use crate::store::migration::{self, Migration};
use crate::store::publication::Publication;
use crate::store::record::{self, RunRecord};
use crate::store::retraction::Retraction;
use crate::store::snapshot::{self, SnapshotInfo};
use crate::store::{
    code_labels, connection, derived_filling, derived_tables, dictionary, indexes, run_list, views,
};

/// `org.db` of one tenant, open for writing.
#[derive(Debug)]
pub struct Store {
    pub(super) conn: Connection,
    path: PathBuf,
    schema: Schema,
    tables: PerFeed<FeedTable>,
}

impl Store {
    /// Opens the database, creates it if there is none, brings it to the newest format and to the schema:
    /// a column that the schema has gained is added; one that it has lost stays and is no longer filled.
    ///
    /// # Errors
    /// [`StoreError::Newer`] and [`StoreError::Foreign`] before anything is written;
    /// [`StoreError::Column`] for a schema that cannot be stored; any fault of the file.
    pub fn open(path: &Path, schema: &Schema) -> Result<Store, StoreError> {
        Store::open_by(path, schema, Migration::default())
    }

    /// As [`Store::open`]; a database of an earlier format is migrated like this.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::NoRoomToMigrate`].
    pub fn open_by(
        path: &Path,
        schema: &Schema,
        migration: Migration<'_>,
    ) -> Result<Store, StoreError> {
        layout::check(schema)?;
        let mut conn = connection::open(path)?;
        let is_migrated = migration::migrate(&mut conn, path, schema, migration)?;
        if is_migrated {
            (migration.told)(MigrationStep::Derived);
        }
        let mut prepare = || -> rusqlite::Result<PerFeed<FeedTable>> {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let is_derived = derived_tables::are_there(&transaction)?;
            let tables = layout::prepare(&transaction, schema)?;
            if !is_derived {
                // Of a database of an earlier format they follow from its versions.
                derived_filling::fill(&transaction, schema, &tables, RowCounter::default())?;
            }
            indexes::prepare(&transaction, schema)?;
            views::prepare(&transaction, schema)?;
            dictionary::write(&transaction, schema)?;
            code_labels::write(&transaction, schema)?;
            if is_migrated {
                indexes::analyze(&transaction)?;
            }
            transaction.commit()?;
            Ok(tables)
        };
        let tables = prepare().map_err(|error| StoreError::sqlite(path, error))?;
        connection::checkpoint(&conn, path, Duration::ZERO);
        Ok(Store { conn, path: path.to_path_buf(), schema: schema.clone(), tables })
    }

    /// The newest snapshot; none before the first publication.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshot::newest(&self.conn, None).map_err(|error| self.fault(error))
    }

    /// The recorded runs in a few figures, newest first, at most `limit`.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn recent_runs(&self, limit: usize) -> Result<Vec<RecentRun>, StoreError> {
        let runs = run_list::read(&self.conn, limit).map_err(|error| self.fault(error))?;
        let recent = runs.into_iter().filter_map(|row| {
            Some(RecentRun {
                run: row.run,
                date: row.business_date.parse().ok()?,
                verdict: Verdict::from_name(&row.verdict)?,
                rows: row.rows,
                errors: row.errors,
                warnings: row.warnings,
            })
        });
        Ok(recent.collect())
    }

    /// What was published, approved and taken back, in order.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        event_list::read(&self.conn).map_err(|error| self.fault(error))
    }

    /// The files that the newest snapshot before a date was made of; none if there is no such snapshot.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn files_before(&self, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        snapshot::files_before(&self.conn, date).map_err(|error| self.fault(error))
    }

    /// The files of a recorded run of a business date; none if it is not recorded or had no files.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn files_of(
        &self,
        run: &RunId,
        date: NaiveDate,
    ) -> Result<Option<RecordedFiles>, StoreError> {
        snapshot::files_of(&self.conn, run.clone(), date).map_err(|error| self.fault(error))
    }

    /// Opens a transaction for a business date and reads what it is compared with (some 0.3 s at
    /// a million agents; done while the delivery is being parsed).
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another program writes; any fault of the database.
    pub fn begin(&mut self, date: NaiveDate) -> Result<Publication<'_>, StoreError> {
        Publication::begin(&mut self.conn, &self.path, &self.schema, &self.tables, date)
    }

    /// Opens a transaction that takes a business date back.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if it has no snapshot; [`StoreError::Locked`] if another program writes; any
    /// fault of the database.
    pub fn begin_retraction(&mut self, date: NaiveDate) -> Result<Retraction<'_>, StoreError> {
        Retraction::begin(&mut self.conn, &self.path, &self.schema, &self.tables, date)
    }

    /// Records a run that published nothing: its files, findings and quarantined lines, in a transaction of
    /// its own. Of a failed run only the run itself is recorded.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn record_run(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        let write = |conn: &mut Connection| -> rusqlite::Result<()> {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            record::write(&transaction, record)?;
            transaction.commit()
        };
        write(&mut self.conn).map_err(|error| StoreError::sqlite(&self.path, error))?;
        connection::checkpoint(&self.conn, &self.path, Duration::ZERO);
        Ok(())
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}
