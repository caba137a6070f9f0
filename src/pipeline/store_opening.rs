//! Opens the store of a job: the file of its tenant, or the database server that it names.

use std::path::{Path, PathBuf};

use crate::config::job::{Job, StoreSettings};
use crate::config::schema::Schema;
use crate::disk::create_private_dirs;
use crate::store::{Migration, Store, StoreError};

use super::error::RunError;
use super::job_schema::schema_of;

/// Name of the copy in the folder of the tenant.
const COPY: &str = "server-copy.db";

/// Opens it for writing.
pub(super) fn open(
    job: &Job,
    database: &Path,
    schema: &Schema,
    migration: Migration<'_>,
) -> Result<Store, RunError> {
    match &job.store {
        None => Ok(Store::open_by(database, schema, migration)?),
        Some(settings) => on_server(settings, &job.tenant, schema),
    }
}

#[cfg(feature = "postgres")]
fn on_server(settings: &StoreSettings, tenant: &str, schema: &Schema) -> Result<Store, RunError> {
    let url = settings.url.reveal()?;
    Ok(Store::open_server(url.expose(), tenant, schema)?)
}

#[cfg(not(feature = "postgres"))]
fn on_server(_: &StoreSettings, _: &str, _: &Schema) -> Result<Store, RunError> {
    Err(StoreError::ServerNotBuiltIn.into())
}

/// Brings the copy of what a server has of the job's tenant to what it has now, for those who read a file. It is beside the
/// archive, as private as a database would be.
///
/// # Errors
/// [`StoreError::NothingPublished`] before the first publication; any fault of the server, of its URL or of the file.
pub fn copy_of_server(
    job: &Job,
    settings: &StoreSettings,
    data_dir: &Path,
) -> Result<PathBuf, RunError> {
    let schema = schema_of(Some(job))?;
    let folder = data_dir.join(&job.tenant);
    create_private_dirs(&folder).map_err(|_| StoreError::CannotOpen { path: folder.clone() })?;
    let path = folder.join(COPY);
    copy(settings, &job.tenant, &schema, &path)?;
    Ok(path)
}

#[cfg(feature = "postgres")]
fn copy(
    settings: &StoreSettings,
    tenant: &str,
    schema: &Schema,
    path: &Path,
) -> Result<(), RunError> {
    let url = settings.url.reveal()?;
    Ok(Store::copy_server(url.expose(), tenant, schema, path)?)
}

#[cfg(not(feature = "postgres"))]
fn copy(_: &StoreSettings, _: &str, _: &Schema, _: &Path) -> Result<(), RunError> {
    Err(StoreError::ServerNotBuiltIn.into())
}

/// Refuses a job whose store is on a server, for what only a store in a file can do yet.
///
/// # Errors
/// [`StoreError::OnServer`].
pub fn require_file(job: &Job) -> Result<(), RunError> {
    match job.store.is_some() {
        true => Err(StoreError::OnServer.into()),
        false => Ok(()),
    }
}
