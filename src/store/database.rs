//! The store of one tenant, open for writing: a file, or a database server.

use std::path::Path;

use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::model::{Cancel, RecentRun, RecordedFiles, RunId};
use crate::store::claim_keeper::ClaimKeeper;
use crate::store::error::StoreError;
#[cfg(feature = "postgres")]
use crate::store::postgres::database::PostgresStore;
#[cfg(all(test, feature = "postgres"))]
use crate::store::postgres::session::Session;
use crate::store::publication::Publication;
use crate::store::record::RunRecord;
use crate::store::retraction::Retraction;
use crate::store::run_claim::{ClaimTerms, RunClaim};
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::database::SqliteStore;
use crate::store::sqlite::migration::Migration;
use crate::store::sqlite::record_copy::CopiedRecords;
use crate::store::stored_event::StoredEvent;
use crate::store::transaction::Backend;

/// The store of one tenant, open for writing.
#[derive(Debug)]
pub struct Store {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Sqlite(Box<SqliteStore>),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresStore>),
}

impl Store {
    /// Opens the database in a file, creates it if there is none, brings it to the newest format and to the schema:
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
        let store = SqliteStore::open_by(path, schema, migration)?;
        Ok(Store { kind: Kind::Sqlite(Box::new(store)) })
    }

    /// Opens the store of a tenant on a PostgreSQL server, at a URL, and makes what tables and columns are missing.
    ///
    /// # Errors
    /// [`StoreError::ServerUrl`], [`StoreError::ServerUnreachable`], [`StoreError::ServerLogin`],
    /// [`StoreError::ServerNewer`]; [`StoreError::Column`] for a schema that cannot be stored beside those of the other
    /// tenants; any fault of the server.
    #[cfg(feature = "postgres")]
    pub fn open_server(url: &str, tenant: &str, schema: &Schema) -> Result<Store, StoreError> {
        Ok(Store { kind: Kind::Postgres(Box::new(PostgresStore::open(url, tenant, schema)?)) })
    }

    /// Copies what a server has of a tenant into a file that every reader of a file can read, unless the file is a copy of just
    /// that already.
    ///
    /// # Errors
    /// [`StoreError::NothingPublished`] if the server does not know the tenant; any fault of the server or of the file.
    #[cfg(feature = "postgres")]
    pub fn copy_server(
        url: &str,
        tenant: &str,
        schema: &Schema,
        path: &Path,
    ) -> Result<(), StoreError> {
        PostgresStore::copy_to(url, tenant, schema, path)
    }

    /// From here on publishes only while a claim on the business date holds, which the transaction checks.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a store in a file, which one process writes at a time.
    #[cfg(feature = "postgres")]
    pub fn hold_claim(&mut self, claim: RunClaim) -> Result<(), StoreError> {
        match &mut self.kind {
            Kind::Sqlite(_) => Err(StoreError::Misuse("a file needs no claim".to_owned())),
            Kind::Postgres(store) => {
                store.hold(claim);
                Ok(())
            }
        }
    }

    /// Claims a date in a store that many machines share, or takes over a claim of this program, and keeps it until the keeper is
    /// finished or dropped. From here on the date is published only while the claim holds. A file needs none.
    ///
    /// # Errors
    /// [`StoreError::Claimed`] if another holds it; any fault of the store.
    pub fn claim(
        &mut self,
        date: NaiveDate,
        terms: &ClaimTerms,
        taken: Option<&RunClaim>,
        cancel: &Cancel,
    ) -> Result<Option<ClaimKeeper>, StoreError> {
        self.backend_mut().claim(date, terms, taken, cancel)
    }

    fn backend(&self) -> &dyn Backend {
        match &self.kind {
            Kind::Sqlite(store) => store.as_ref(),
            #[cfg(feature = "postgres")]
            Kind::Postgres(store) => store.as_ref(),
        }
    }

    fn backend_mut(&mut self) -> &mut dyn Backend {
        match &mut self.kind {
            Kind::Sqlite(store) => store.as_mut(),
            #[cfg(feature = "postgres")]
            Kind::Postgres(store) => store.as_mut(),
        }
    }

    /// The newest snapshot; none before the first publication.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError> {
        self.backend().latest()
    }

    /// The recorded runs in a few figures, newest first, at most `limit`.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn recent_runs(&self, limit: usize) -> Result<Vec<RecentRun>, StoreError> {
        self.backend().recent_runs(limit)
    }

    /// All dates with a snapshot, ascending.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn dates(&self) -> Result<Vec<NaiveDate>, StoreError> {
        self.backend().dates()
    }

    /// What was published, approved and taken back, in order.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.backend().events()
    }

    /// The files that the newest snapshot before a date was made of; none if there is no such snapshot.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn files_before(&self, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        self.backend().files_before(date)
    }

    /// The files of a recorded run of a business date; none if it is not recorded or had no files.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn files_of(
        &self,
        run: &RunId,
        date: NaiveDate,
    ) -> Result<Option<RecordedFiles>, StoreError> {
        self.backend().files_of(run, date)
    }

    /// Opens a transaction for a business date and reads what it is compared with (some 0.3 s at
    /// a million agents; done while the delivery is being parsed).
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another program writes; any fault of the store.
    pub fn begin(&mut self, date: NaiveDate) -> Result<Publication<'_>, StoreError> {
        Publication::begin(self.backend_mut().begin(date)?, date)
    }

    /// Opens a transaction that takes a business date back.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if it has no snapshot; [`StoreError::Locked`] if another program writes; any
    /// fault of the store.
    pub fn begin_retraction(&mut self, date: NaiveDate) -> Result<Retraction<'_>, StoreError> {
        Retraction::begin(self.backend_mut().begin(date)?, date)
    }

    /// Records a run that published nothing: its files, findings and quarantined lines, in a transaction of
    /// its own. Of a failed run only the run itself is recorded.
    ///
    /// # Errors
    /// Any fault of the store.
    pub fn record_run(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        self.backend_mut().record_run(record)
    }

    /// Takes the records of the database at `from` over, up to the end of a run if one is named.
    ///
    /// # Errors
    /// Any fault of either file.
    pub fn copy_records(
        &mut self,
        from: &Path,
        which: CopiedRecords,
        until: Option<&RunId>,
    ) -> Result<(), StoreError> {
        match &mut self.kind {
            Kind::Sqlite(store) => store.copy_records(from, which, until),
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => Err(file_alone()),
        }
    }

    /// Records approvals as they were noted, and that dates were taken back, as far as it is not recorded.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn record_decisions(&mut self, events: &[StoredEvent]) -> Result<(), StoreError> {
        match &self.kind {
            Kind::Sqlite(store) => store.record_decisions(events),
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => Err(file_alone()),
        }
    }

    /// The connection of a store on a server, and its tenant.
    #[cfg(all(test, feature = "postgres"))]
    pub(super) fn server(&mut self) -> (&mut Session, i32) {
        match &mut self.kind {
            Kind::Sqlite(_) => unreachable!("this store is a file"),
            Kind::Postgres(store) => store.session(),
        }
    }

    /// The connection of a store in a file.
    #[cfg(test)]
    pub(super) fn conn(&self) -> &rusqlite::Connection {
        match &self.kind {
            Kind::Sqlite(store) => &store.conn,
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => unreachable!("this store is no file"),
        }
    }
}

/// What is made of an archive is made in a file.
#[cfg(feature = "postgres")]
fn file_alone() -> StoreError {
    StoreError::Misuse("records are taken over into a file alone".to_owned())
}
