//! The store of one tenant on a server.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::disk;
use crate::model::{Cancel, PerFeed, RecentRun, RecordedFiles, RunId};
use crate::store::claim_keeper::ClaimKeeper;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::claim::{self, ServerClaim};
use crate::store::postgres::session::Session;
use crate::store::postgres::transaction::PostgresTransaction;
use crate::store::postgres::{copy_out, layout, recorded_runs, run_records, snapshots, tables};
use crate::store::record::RunRecord;
use crate::store::run_claim::{ClaimTerms, RunClaim};
use crate::store::snapshot::SnapshotInfo;
use crate::store::stored_event::StoredEvent;
use crate::store::transaction::{Backend, Opened};

/// The store of one tenant, open for writing.
#[derive(Debug)]
pub(in crate::store) struct PostgresStore {
    /// A connection answers one question at a time, so even a reader needs it alone.
    session: RefCell<Session>,
    tenant: i32,
    schema: Schema,
    tables: PerFeed<FeedTable>,
    claim: Option<RunClaim>,
}

impl PostgresStore {
    /// Connects, makes what tables are missing, and brings them to the schema.
    pub(in crate::store) fn open(
        url: &str,
        tenant: &str,
        schema: &Schema,
    ) -> Result<PostgresStore, StoreError> {
        let mut session = Session::open(&ServerAddress::parse(url)?)?;
        tables::migrate(&mut session)?;
        let id = layout::tenant(&mut session, tenant)?;
        let tables = layout::prepare(&mut session, id, schema)?;
        Ok(PostgresStore {
            session: RefCell::new(session),
            tenant: id,
            schema: schema.clone(),
            tables,
            claim: None,
        })
    }

    /// From here on publishes only while the claim holds.
    pub(in crate::store) fn hold(&mut self, claim: RunClaim) {
        self.claim = Some(claim);
    }

    /// Connects for a copy alone.
    fn open_for_copy(url: &str, tenant: &str) -> Result<(Session, i32), StoreError> {
        let mut session = Session::open(&ServerAddress::parse(url)?)?;
        match layout::known_tenant(&mut session, tenant)? {
            Some(id) => Ok((session, id)),
            None => Err(StoreError::NothingPublished { path: session.label().into() }),
        }
    }

    /// Brings a copy of what the server has of the tenant to what it has now. Beside the copy stands what it was made of.
    pub(in crate::store) fn copy_to(
        url: &str,
        tenant: &str,
        schema: &Schema,
        path: &Path,
    ) -> Result<(), StoreError> {
        let (mut session, id) = PostgresStore::open_for_copy(url, tenant)?;
        let noted = path.with_extension("state");
        let state = copy_out::state(&mut session, id)?;
        let state = format!("{} {state}", session.label());
        if path.exists() && fs::read_to_string(&noted).is_ok_and(|noted| noted == state) {
            return Ok(());
        }
        let part = path.with_extension(format!("part{}", std::process::id()));
        let of_file = |_: std::io::Error| StoreError::CannotOpen { path: path.to_path_buf() };
        if part.exists() {
            fs::remove_file(&part).map_err(of_file)?;
        }
        let copied = copy_out::copy(&mut session, id, schema, &part).and_then(|()| {
            fs::rename(&part, path).map_err(of_file)?;
            disk::replace_file(&noted, state.as_bytes(), 0o600).map_err(of_file)
        });
        if copied.is_err() {
            let _ = fs::remove_file(&part);
        }
        copied
    }

    /// The connection and the tenant, for tests of the content.
    #[cfg(test)]
    pub(in crate::store) fn session(&mut self) -> (&mut Session, i32) {
        (self.session.get_mut(), self.tenant)
    }
}

impl Backend for PostgresStore {
    fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshots::newest(&mut self.session.borrow_mut(), self.tenant, None)
    }

    fn recent_runs(&self, limit: usize) -> Result<Vec<RecentRun>, StoreError> {
        recorded_runs::recent(&mut self.session.borrow_mut(), self.tenant, limit)
    }

    fn dates(&self) -> Result<Vec<NaiveDate>, StoreError> {
        snapshots::dates(&mut self.session.borrow_mut(), self.tenant)
    }

    fn events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        recorded_runs::events(&mut self.session.borrow_mut(), self.tenant)
    }

    fn files_before(&self, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        let session = &mut self.session.borrow_mut();
        match snapshots::newest(session, self.tenant, Some(date))? {
            Some(newest) => recorded_runs::files(session, self.tenant, &newest.run, newest.date),
            None => Ok(None),
        }
    }

    fn files_of(&self, run: &RunId, date: NaiveDate) -> Result<Option<RecordedFiles>, StoreError> {
        recorded_runs::files(&mut self.session.borrow_mut(), self.tenant, run, date)
    }

    fn record_run(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        let session = self.session.get_mut();
        session.batch("begin")?;
        let written = run_records::write(session, self.tenant, record);
        match written {
            Ok(()) => session.batch("commit"),
            Err(error) => {
                // The connection may be gone, and with it the transaction.
                let _ = session.batch("rollback");
                Err(error)
            }
        }
    }

    fn claim(
        &mut self,
        date: NaiveDate,
        terms: &ClaimTerms,
        taken: Option<&RunClaim>,
        cancel: &Cancel,
    ) -> Result<Option<ClaimKeeper>, StoreError> {
        let session = self.session.get_mut();
        let claim = match taken {
            Some(taken) => taken.clone(),
            None => claim::take(session, self.tenant, date, terms)?,
        };
        claim::name_session(session, self.tenant, &claim)?;
        let kept = ServerClaim {
            address: session.address().clone(),
            tenant: self.tenant,
            claim: claim.clone(),
            lease: terms.lease,
            session: None,
        };
        self.claim = Some(claim);
        let keeper = ClaimKeeper::start(Box::new(kept), terms.lease, cancel.clone());
        keeper.map(Some).map_err(|error| StoreError::Server {
            server: session.label().to_owned(),
            reason: error.to_string(),
        })
    }

    fn begin(&mut self, date: NaiveDate) -> Result<Opened<'_>, StoreError> {
        let PostgresStore { session, tenant, schema, tables, claim } = self;
        let transaction = PostgresTransaction::begin(
            session.get_mut(),
            *tenant,
            (schema, tables),
            date,
            claim.as_ref(),
        )?;
        Ok(Opened { transaction: Box::new(transaction), schema, tables })
    }
}
