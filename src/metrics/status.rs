//! How a tenant stands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::alert;
use crate::model::Message;
use crate::store::{self, DATABASE, LastPublication, LastRun, Reader, StoreError};

/// Longest wait for a writer.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How a tenant stands.
#[derive(Debug, Clone)]
pub struct TenantStatus {
    /// The tenant.
    pub tenant: String,
    /// Its database.
    pub database: Database,
    /// The run that was started last.
    pub last_run: Option<LastRun>,
    /// The last publication.
    pub last_publication: Option<LastPublication>,
    /// Whether its database has a log, so that a copy of the file alone may lack what was published last.
    pub is_log_pending: bool,
    /// Alerts that wait to be sent, counted once a channel; none if their ledger cannot be read.
    pub alerts_unsent: Option<u64>,
    /// The plan of the scheduler; `None` without one.
    pub plan: Option<Plan>,
}

/// Whether a tenant's database can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// It can.
    Readable,
    /// There is none yet.
    Missing,
    /// It cannot; why, and what to do.
    Unreadable(Message),
}

/// The plan of the scheduler for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whether a run is under way.
    pub running: bool,
    /// Since when files are waited for.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When the next run is due.
    pub next_run: Option<DateTime<Utc>>,
    /// Whether the job file is broken and its last good version in use.
    pub job_file_broken: bool,
}

impl TenantStatus {
    /// Reads how a tenant stands. That something cannot be read is part of it and is no error.
    pub fn read(data: &Path, tenant: &str) -> TenantStatus {
        let read = Reader::open_existing(&database_of(data, tenant)).and_then(last);
        TenantStatus::of(data, tenant, read)
    }

    /// The same without waiting; `None` while a writer keeps readers out, as one does at its first
    /// import.
    pub(super) fn poll(data: &Path, tenant: &str) -> Option<TenantStatus> {
        match Reader::open_with_timeout(&database_of(data, tenant), POLL_INTERVAL).and_then(last) {
            Err(StoreError::Locked { .. }) => None,
            read => Some(TenantStatus::of(data, tenant, read)),
        }
    }

    /// A tenant without a database.
    pub(super) fn unknown(data: &Path, tenant: &str) -> TenantStatus {
        let path = database_of(data, tenant);
        TenantStatus::of(data, tenant, Err(StoreError::NotFound { path }))
    }

    fn of(data: &Path, tenant: &str, read: Result<Last, StoreError>) -> TenantStatus {
        let (database, last_run, last_publication) = match read {
            Ok((run, publication)) => (Database::Readable, run, publication),
            Err(StoreError::NotFound { .. }) => (Database::Missing, None, None),
            Err(error) => (Database::Unreadable(error.message()), None, None),
        };
        TenantStatus {
            tenant: tenant.to_owned(),
            is_log_pending: store::is_log_pending(&database_of(data, tenant)),
            database,
            last_run,
            last_publication,
            alerts_unsent: alerts_unsent(data, tenant),
            plan: None,
        }
    }
}

/// What the database says of the last run and the last publication.
type Last = (Option<LastRun>, Option<LastPublication>);

fn last(reader: Reader) -> Result<Last, StoreError> {
    Ok((reader.last_run()?, reader.last_publication()?))
}

fn database_of(data: &Path, tenant: &str) -> PathBuf {
    data.join(tenant).join(DATABASE)
}

/// Alerts of a tenant that wait to be sent.
pub(super) fn alerts_unsent(data: &Path, tenant: &str) -> Option<u64> {
    alert::ledger::Ledger::of(data, tenant).read().ok().map(|book| book.unsent())
}
