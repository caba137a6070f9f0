//! Brings the database of a job to the newest format without an import.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::disk::TenantLock;
use crate::store::{self, Migration, Reader, Store};

use super::error::RunError;
use super::job_schema::schema_of;
use super::journaling;

/// Whether a job has a database of an earlier format. Of one that cannot be read the next run says why.
pub fn has_earlier_format(job: &Job, data_dir: &Path) -> bool {
    let database = data_dir.join(&job.tenant).join(store::DATABASE);
    database.exists()
        && Reader::open_existing(&database).and_then(|reader| reader.is_earlier()).unwrap_or(false)
}

/// Brings the database of a job to the newest format.
///
/// # Errors
/// Any fault of the configuration, the machine or the database, which then has its earlier format.
pub fn migrate(
    job: &Job,
    data_dir: &Path,
    migration: Migration<'_>,
    now: DateTime<Utc>,
) -> Result<(), RunError> {
    let tenant_dir = data_dir.join(&job.tenant);
    let _lock = TenantLock::acquire(&tenant_dir, "migration", now)?;
    let store =
        Store::open_by(&tenant_dir.join(store::DATABASE), &schema_of(Some(job))?, migration)?;
    journaling::repair(&tenant_dir, store.events()?)
}
