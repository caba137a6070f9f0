//! Opens the store of a job: the file of its tenant, or the database server that it names.

use std::path::Path;

use crate::config::job::{Job, StoreSettings};
use crate::config::schema::Schema;
use crate::store::{Migration, Store, StoreError};

use super::error::RunError;

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
