//! Takes a date back, as if it had never been delivered.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::disk::TenantLock;
use crate::model::RunId;
use crate::store::{self, Migration, RetractionRecord, StoreError};

use super::error::RunError;
use super::job_schema::schema_of;
use super::journaling;
use super::rows::write_stored_trees;
use super::store_opening;

/// What to take back.
#[derive(Clone, Copy)]
pub struct RetractRequest<'a> {
    /// The job.
    pub job: &'a Job,
    /// The business date.
    pub date: NaiveDate,
    /// The data folder.
    pub data_dir: &'a Path,
    /// When.
    pub now: DateTime<Utc>,
    /// Who does it.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// How a database of an earlier format is brought to the newest one.
    pub migration: Migration<'a>,
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retracted {
    /// The run that had published the date.
    pub run: RunId,
    /// The newest date that is left; none if there is none.
    pub newest: Option<NaiveDate>,
    /// Whether a program that reads the database keeps the change in its log.
    pub is_log_pending: bool,
}

/// Takes a date back in one transaction.
///
/// # Errors
/// [`StoreError::UnknownDate`] if it has no snapshot; any fault of the configuration, the machine or the database. The
/// date then stays.
pub fn retract(request: &RetractRequest<'_>) -> Result<Retracted, RunError> {
    let RetractRequest { job, date, data_dir, now, by, reason, migration } = *request;
    let schema = schema_of(Some(job))?;
    let tenant_dir = data_dir.join(&job.tenant);
    let database = tenant_dir.join(store::DATABASE);
    if job.store.is_none() && !database.exists() {
        return Err(StoreError::NotFound { path: database }.into());
    }
    let _lock = TenantLock::acquire(&tenant_dir, &format!("retract {date}"), now)?;
    let mut store = store_opening::open(job, &database, &schema, migration)?;
    journaling::repair(&tenant_dir, store.events()?)?;
    let mut retraction = store.begin_retraction(date)?;
    if retraction.change().newest_changed() {
        write_stored_trees(&schema, retraction.change())?;
    }
    let run = retraction.commit(RetractionRecord { at: now, by, reason })?;
    journaling::note(&tenant_dir, &store);
    let newest = store.latest()?.map(|latest| latest.date);
    Ok(Retracted { run, newest, is_log_pending: store::is_log_pending(&database) })
}
