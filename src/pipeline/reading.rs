//! The settings with which a delivery is read: kept beside its files, and taken from there.

use std::path::Path;

use crate::config::job::{self, Job};
use crate::config::schema::Schema;
use crate::fetch::{ArchivedSettings, SETTINGS};

use super::error::RunError;
use super::job_schema::schema_of;

/// Keeps the settings of a job beside a delivery.
pub(super) fn keep(job: &Job, folder: &Path) -> Result<(), RunError> {
    let schema = job.schema.as_deref().map(Schema::texts).transpose()?;
    let settings = ArchivedSettings::new(env!("CARGO_PKG_VERSION"), &job.reading.0, schema);
    settings.write(folder).map_err(|error| RunError::Archive(error.into()))
}

/// A job as far as it says how a delivery is read, and its schema.
pub(super) struct Reading {
    pub(super) job: Job,
    pub(super) schema: Schema,
}

impl Reading {
    /// As a job says it.
    pub(super) fn of_job(job: &Job) -> Result<Reading, RunError> {
        Ok(Reading { job: job.clone(), schema: schema_of(Some(job))? })
    }

    /// As it was kept beside a delivery.
    pub(super) fn of_kept(kept: &ArchivedSettings, folder: &Path) -> Result<Reading, RunError> {
        let place = folder.join(SETTINGS);
        let job = job::parse(&place, &kept.job, &|_| None)?;
        let schema = match &kept.schema {
            Some(texts) => Schema::from_texts(texts, &place)?.adapted(&job)?,
            None => schema_of(Some(&job))?,
        };
        Ok(Reading { job, schema })
    }
}
