//! `org.db` of one tenant, open for writing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::{Connection, TransactionBehavior};

use crate::config::schema::Schema;
use crate::model::{
    Cancel, MigrationStep, PerFeed, RecentRun, RecordedFiles, RowCounter, RunId, Verdict,
};
use crate::store::claim_keeper::ClaimKeeper;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::record::RunRecord;
use crate::store::run_claim::{ClaimTerms, RunClaim};
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::layout;
use crate::store::sqlite::migration::{self, Migration};
use crate::store::sqlite::transaction::SqliteTransaction;
use crate::store::sqlite::{
    code_labels, connection, derived_filling, derived_tables, dictionary, event_list, indexes,
    run_list, run_records, snapshots, views,
};
use crate::store::stored_event::StoredEvent;
use crate::store::transaction::{Backend, Opened};

/// `org.db` of one tenant, open for writing.
#[derive(Debug)]
pub(in crate::store) struct SqliteStore {
    pub(in crate::store) conn: Connection,
    path: PathBuf,
    schema: Schema,
    tables: PerFeed<FeedTable>,
}

impl SqliteStore {
    /// Opens the database, creates it if there is none, brings it to the newest format and to the schema.
    pub(in crate::store) fn open_by(
        path: &Path,
        schema: &Schema,
        migration: Migration<'_>,
    ) -> Result<SqliteStore, StoreError> {
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
        Ok(SqliteStore { conn, path: path.to_path_buf(), schema: schema.clone(), tables })
    }

    pub(in crate::store) fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

impl Backend for SqliteStore {
    fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshots::newest(&self.conn, None).map_err(|error| self.fault(error))
    }

    fn recent_runs(&self, limit: usize) -> Result<Vec<RecentRun>, StoreError> {
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

    fn dates(&self) -> Result<Vec<NaiveDate>, StoreError> {
        snapshots::dates(&self.conn).map_err(|error| self.fault(error))
    }

    fn events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        event_list::read(&self.conn).map_err(|error| self.fault(error))
    }

    fn files_before(&self, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        snapshots::files_before(&self.conn, date).map_err(|error| self.fault(error))
    }

    fn files_of(&self, run: &RunId, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        snapshots::files_of(&self.conn, run.clone(), date).map_err(|error| self.fault(error))
    }

    fn record_run(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        let write = |conn: &mut Connection| -> rusqlite::Result<()> {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            run_records::write(&transaction, record)?;
            transaction.commit()
        };
        write(&mut self.conn).map_err(|error| StoreError::sqlite(&self.path, error))?;
        connection::checkpoint(&self.conn, &self.path, Duration::ZERO);
        Ok(())
    }

    fn claim(
        &mut self,
        _: NaiveDate,
        _: &ClaimTerms,
        _: Option<&RunClaim>,
        _: &Cancel,
    ) -> Result<Option<ClaimKeeper>, StoreError> {
        // A file is guarded by the lock of its folder.
        Ok(None)
    }

    fn begin(&mut self, _: NaiveDate) -> Result<Opened<'_>, StoreError> {
        let SqliteStore { conn, path, schema, tables } = self;
        let transaction = Box::new(SqliteTransaction::begin(conn, path, schema, tables)?);
        Ok(Opened { transaction, schema, tables })
    }
}
