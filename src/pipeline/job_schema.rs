//! The schema of a job: its own folder or the built-in one, adapted to what the job says of the export.

use crate::config::job::Job;
use crate::config::schema::Schema;

use super::error::RunError;

/// The schema that a job says, or the built-in one.
///
/// # Errors
/// If a folder that the job names cannot be read or is no schema, or does not fit what the job says.
pub fn schema_of(job: Option<&Job>) -> Result<Schema, RunError> {
    let schema = match job.and_then(|job| job.schema.as_deref()) {
        Some(dir) => Schema::from_dir(dir)?,
        None => Schema::builtin()?,
    };
    Ok(match job {
        Some(job) => schema.adapted(job)?,
        None => schema,
    })
}
