//! Publishes a refused delivery because somebody answers for it: the same files, read from the archive.

use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::{Job, Source};
use crate::delivery::Background;
use crate::disk::TenantLock;
use crate::fetch::{ArchiveError, archive, delivery_folder};
use crate::gate::Limits;
use crate::model::{Approval, Cancel, RunId, RunReport, Verdict};
use crate::rules::Levels;
use crate::store::{self, Migration, Reader, Store, StoreError};

use super::archiving::Archiving;
use super::error::RunError;
use super::job_schema::schema_of;
use super::not_approvable::{NotApprovable, WhyNot, why_not};
use super::outcome::Outcome;
use super::reporter::Reporter;
use super::run::Run;
use super::stage::{Progress, Stage};
use super::{archive_keeping, journaling, reading, store_opening};

/// What to approve.
#[derive(Debug, Clone, Copy)]
pub struct ApproveRequest<'a> {
    /// The job.
    pub job: &'a Job,
    /// The run that refused the delivery.
    pub run: &'a RunId,
    /// The data folder.
    pub data_dir: &'a Path,
    /// When.
    pub now: DateTime<Utc>,
    /// Who.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Whether a database of an earlier format is copied before it is brought to the newest one.
    pub backup: bool,
    /// Ends the run before its next stage when it is asked.
    pub cancel: &'a Cancel,
}

/// The refused run that can be approved, and its date.
///
/// # Errors
/// [`RunError::NotApprovable`]; any fault of the database.
pub fn approvable(tenant_dir: &Path, run: &RunId) -> Result<NaiveDate, RunError> {
    let reader = Reader::open_existing(&tenant_dir.join(store::DATABASE))?;
    let runs = reader.runs(usize::MAX)?;
    let not = |why| RunError::NotApprovable(Box::new(NotApprovable { run: run.clone(), why }));
    let Some(row) = runs.iter().find(|row| row.run == *run) else {
        let open = runs.iter().filter(|row| why_not(row, &runs).is_none());
        return Err(not(WhyNot::Unknown(open.map(|row| row.run.clone()).collect())));
    };
    if let Some(why) = why_not(row, &runs) {
        return Err(not(why));
    }
    let date: NaiveDate = row.business_date.parse().unwrap_or_default();
    let folder = delivery_folder(tenant_dir, date, run);
    match archive::facts(&folder) {
        Ok(_) => Ok(date),
        Err(error) if error.gone().is_some() => Err(not(WhyNot::Gone(folder))),
        Err(error) => Err(error.into()),
    }
}

/// Publishes what a run refused. The limits of the gate are waived, and recorded with who did that, when and why.
///
/// # Errors
/// [`RunError::NotApprovable`]; otherwise as [`import`](super::import). Nothing is published then. Files that are found
/// to be fatally wrong now are a refusal, as in an import.
pub fn approve(
    request: &ApproveRequest<'_>,
    progress: &dyn Progress,
    reporter: &dyn Reporter,
) -> Result<RunReport, RunError> {
    let ApproveRequest { job, run: refused, now, .. } = *request;
    store_opening::require_file(job)?;
    let schema = schema_of(Some(job))?;
    let levels = Levels::of(job)?;
    let tenant_dir = request.data_dir.join(&job.tenant);
    let database = tenant_dir.join(store::DATABASE);
    if !database.exists() {
        return Err(StoreError::NotFound { path: database }.into());
    }
    let _lock = TenantLock::acquire(&tenant_dir, &format!("approve {refused}"), now)?;
    let told = |step| progress.migration(step);
    let migration = Migration { backup: request.backup, told: &told };
    let store = Store::open_by(&database, &schema, migration)?;
    journaling::repair(&tenant_dir, store.events()?)?;
    let date = approvable(&tenant_dir, refused)?;
    let not = |why| RunError::NotApprovable(Box::new(NotApprovable { run: refused.clone(), why }));
    let archived = delivery_folder(&tenant_dir, date, refused);
    let recorded = store.files_of(refused, date)?;
    let facts = archive::facts(&archived)?;
    let same = recorded.is_some_and(|recorded| {
        recorded.files.iter().map(|file| &file.sha256).eq(facts.sha256.iter())
    });
    if !same {
        return Err(not(WhyNot::OtherFiles(archived)));
    }
    let mut outcome = Outcome::new(&job.tenant, now, date);
    outcome.report.tenant_name.clone_from(&job.name);
    outcome.report.timezone = job.timezone;
    outcome.report.recent = store.recent_runs(RunReport::MAX_RECENT)?;
    outcome.report.newest_date = store.latest()?.map(|latest| latest.date);
    outcome.report.database = Some(database);
    outcome.report.approval = Some(Approval {
        refused: refused.clone(),
        at: now,
        by: request.by.to_owned(),
        reason: request.reason.to_owned(),
        waived: Vec::new(),
    });

    progress.stage(Stage::Fetch);
    let began = Instant::now();
    let mut raw = archive::read(&archived).map_err(|error| match error {
        ArchiveError::Damaged { .. } => not(WhyNot::OtherFiles(archived.clone())),
        other => other.into(),
    })?;
    raw.load(job.max_file_size).map_err(RunError::Fetch)?;
    let label = archive::Label {
        tenant: &job.tenant,
        run: &outcome.report.run,
        business_date: date,
        fetched: now,
    };
    let linked = archive::link(&tenant_dir, &archived, &label)?;
    reading::keep(job, &linked)?;
    outcome.time(Stage::Fetch, began);

    let background = Background {
        // The age of the files is that at their delivery.
        now: facts.fetched,
        date: Some(date),
        freshness: job.source.as_ref().map(Source::fetching).and_then(|source| source.freshness),
        published: store.files_before(date)?,
    };
    let run = Run {
        schema: &schema,
        levels: &levels,
        limits: job.gate,
        hold: Limits::Waived,
        pinned: &job.format,
        job: Some(&job.path),
        background: &background,
        former: None,
        tenant_dir: Some(&tenant_dir),
        progress,
        reporter,
        cancel: request.cancel,
    };
    let mut store = Some(store);
    let mut report = run.process(&raw, &mut store, false, outcome, &Archiving::nothing())?;
    if report.verdict == Verdict::Published {
        report.report_files.faults.extend(archive_keeping::apply(job, &tenant_dir, now));
    }
    Ok(report)
}
