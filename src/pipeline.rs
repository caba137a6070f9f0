//! The order of the stages: fetch and archive here; parse, check, gate and publish in `run`. Nothing outside this
//! module knows it.

mod approving;
mod archive_keeping;
mod archiving;
mod early_trees;
mod error;
mod explaining;
mod history;
mod former;
mod former_unreadable;
mod intake;
mod job_schema;
mod journaling;
mod life;
mod migrating;
mod not_approvable;
mod outcome;
mod person_names;
mod pinned;
mod proposing;
mod reading;
mod sample_files;
mod reporter;
mod replayed;
mod replaying;
mod retracting;
mod rows;
mod run;
mod stage;
mod store_opening;
mod tally;
mod verdict;

use std::{path::Path, thread, time::Instant};

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::{Format, GateLimits, Job, Source};
use crate::config::schema::Schema;
use crate::delivery::Background;
use crate::disk::{TenantLock, this_process};
use crate::fetch::{self, EarlierDelivery, FetchError, RawDelivery, archive};
use crate::gate::Limits;
use crate::model::{Cancel, Feed, RunId, RunReport, Verdict};
use crate::rules::Levels;
use crate::store::{
    self, ClaimEnd, ClaimKeeper, ClaimTerms, Migration, Reader, RunClaim, StoreError,
};

pub use approving::{ApproveRequest, approvable, approve};
use archiving::Archiving;
pub use error::{Classification, Fault, RunError};
pub use explaining::{ExplainRequest, Explained, explain};
use former::Former;
pub use former_unreadable::FormerUnreadable;
pub use job_schema::schema_of;
pub use migrating::{has_earlier_format, migrate};
pub use not_approvable::{NotApprovable, WhyNot};
use outcome::Outcome;
pub use outcome::run_id;
pub use pinned::WrongPin;
pub use proposing::{fetch_sample, propose};
pub use replayed::{ReplayRequest, ReplayRules, ReplayStep, Replayed};
pub use replaying::replay;
pub use reporter::{NoReports, Reporter};
pub use retracting::{RetractRequest, Retracted, retract};
use run::Run;
pub use stage::{Progress, Stage};
pub use store_opening::{copy_of_server, require_file};

/// What follows if the files of a delivery are not there, or not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitPolicy {
    /// The run waits for what is incomplete, as long as the job's `deadline` lets it.
    WaitForFiles,
    /// The caller tries again later. The run waits for nothing and leaves no record, or hours of
    /// waiting would fill the list of runs.
    CallerRetries,
    /// The last of several looks: it waits for nothing and is recorded.
    LastAttempt,
}

/// What to import.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    /// The job.
    pub job: &'a Job,
    /// The business date; by default the date of `now` in the job's time zone.
    pub date: Option<NaiveDate>,
    /// A folder to take the files from instead of the job's source.
    pub from: Option<&'a Path>,
    /// Do everything but publish.
    pub dry_run: bool,
    /// The data folder.
    pub data_dir: &'a Path,
    /// When the run starts.
    pub now: DateTime<Utc>,
    /// Ends the run before its next stage when it is asked; what is not committed by then is undone.
    pub cancel: &'a Cancel,
    /// What follows if the files are not there.
    pub wait_policy: WaitPolicy,
    /// Publishes files of a server that are, to the byte, those of an earlier date. Otherwise they pass for
    /// a delivery that has not come yet.
    pub accept_unchanged: bool,
    /// Whether a database of an earlier format is copied before it is brought to the newest one.
    pub backup: bool,
    /// The run that has refused the delivery of this date. Files that are still the same pass for a delivery
    /// that has not come yet.
    pub refused: Option<&'a RunId>,
}

/// What to check.
#[derive(Debug, Clone, Copy)]
pub struct CheckRequest<'a> {
    /// The folder that holds the files.
    pub dir: &'a Path,
    /// What is pinned of the layout; the job's pins hold where this has none.
    pub format: &'a Format,
    /// A job whose levels, limits and schema hold.
    pub job: Option<&'a Job>,
    /// The business date; by default the date of `now` in the job's time zone.
    pub date: Option<NaiveDate>,
    /// The folder of a former delivery to compare with.
    pub against: Option<&'a Path>,
    /// When the run starts.
    pub now: DateTime<Utc>,
}

/// Imports one delivery. In a store that many machines share the date is claimed first, so that no other run works at it.
///
/// A refused delivery is an `Ok` whose verdict says so; the last snapshot stays as it was.
///
/// # Errors
/// Any fault of the configuration, the source, the machine or the database, see [`RunError`], and
/// [`RunError::Cancelled`]. The last snapshot stays as it was; a run whose files cannot be had is recorded as
/// failed where the database can be written. A fault of the reporter is none: it is in the report.
pub fn import(
    request: &ImportRequest<'_>,
    progress: &dyn Progress,
    reporter: &dyn Reporter,
) -> Result<RunReport, RunError> {
    let terms = ClaimTerms { owner: this_process(), lease: ClaimTerms::LEASE };
    import_claimed(request, (&terms, None), progress, reporter)
}

/// Imports one delivery, of a date that the caller has claimed, if a claim is given; the caller then ends the claim, unless it was
/// published.
///
/// # Errors
/// As [`import`], and [`StoreError::Fenced`] if another has taken the claim over.
pub fn import_claimed(
    request: &ImportRequest<'_>,
    (terms, taken): (&ClaimTerms, Option<&RunClaim>),
    progress: &dyn Progress,
    reporter: &dyn Reporter,
) -> Result<RunReport, RunError> {
    let mut keeper = None;
    let imported = import_keeping(request, (terms, taken), &mut keeper, progress, reporter);
    let Some(keeper) = keeper else { return imported };
    let end = match &imported {
        Ok(report) if report.verdict == Verdict::Published => return imported,
        Ok(_) => ClaimEnd::Refused,
        Err(error) if error.classify().waiting_helps => ClaimEnd::Waiting,
        Err(_) => ClaimEnd::Failed,
    };
    let is_held = keeper.finish(Some(end).filter(|_| taken.is_none()));
    match imported {
        Err(_) if !is_held => {
            let date = request.date.unwrap_or_else(|| request.job.business_date(request.now));
            Err(StoreError::Fenced { date, owner: terms.owner.clone() }.into())
        }
        imported => imported,
    }
}

fn import_keeping(
    request: &ImportRequest<'_>,
    (terms, taken): (&ClaimTerms, Option<&RunClaim>),
    keeper: &mut Option<ClaimKeeper>,
    progress: &dyn Progress,
    reporter: &dyn Reporter,
) -> Result<RunReport, RunError> {
    let job = request.job;
    let schema = schema_of(Some(job))?;
    let levels = Levels::of(job)?;
    let from = request.from.map(|from| Source::dir_instead_of(from, job.source.as_ref()));
    let Some(source) = from.as_ref().or(job.source.as_ref()) else {
        return Err(RunError::NoSource { job: job.path.clone() });
    };
    let date = request.date.unwrap_or_else(|| job.business_date(request.now));
    let mut outcome = Outcome::new(&job.tenant, request.now, date);
    outcome.report.tenant_name.clone_from(&job.name);
    outcome.report.timezone = job.timezone;
    let tenant_dir = request.data_dir.join(&job.tenant);
    let database = tenant_dir.join(store::DATABASE);
    let holder = format!("import {}", outcome.report.run);
    // A dry run leaves nothing behind: where there is no folder there is nothing to be guarded.
    let _lock = (!request.dry_run || tenant_dir.exists())
        .then(|| TenantLock::acquire(&tenant_dir, &holder, request.now))
        .transpose()?;
    let is_file = job.store.is_none();
    if request.dry_run && is_file && database.exists() {
        Reader::open_existing(&database)?.require_newest_format()?;
    }
    if is_file {
        journaling::refuse_lost(&tenant_dir, &database, job)?;
    }
    let mut store = match request.dry_run && is_file && !database.exists() {
        // A dry run leaves no database behind.
        true => None,
        false => {
            let told = |step| progress.migration(step);
            let migration = Migration { backup: request.backup, told: &told };
            Some(store_opening::open(job, &database, &schema, migration)?)
        }
    };
    if let Some(store) = store.as_mut().filter(|_| !request.dry_run) {
        *keeper = store.claim(date, terms, taken, request.cancel)?;
    }
    if let Some(store) = &store {
        if !request.dry_run {
            journaling::repair(&tenant_dir, store.events()?)?;
        }
        outcome.report.database = is_file.then_some(database);
        outcome.report.recent = store.recent_runs(RunReport::MAX_RECENT)?;
        outcome.report.newest_date = store.latest()?.map(|latest| latest.date);
    }
    let background = Background {
        now: request.now,
        date: Some(date),
        freshness: source.fetching().freshness,
        published: match &store {
            Some(store) => store.files_before(date)?,
            None => None,
        },
    };
    let run = Run {
        schema: &schema,
        levels: &levels,
        limits: job.gate,
        hold: Limits::Hold,
        pinned: &job.format,
        job: Some(&job.path),
        background: &background,
        former: None,
        tenant_dir: Some(&tenant_dir),
        progress,
        reporter,
        cancel: request.cancel,
    };
    run.check_cancelled()?;
    let refused = match (&store, request.refused) {
        (Some(store), Some(run)) => store.files_of(run, date)?,
        _ => None,
    };
    let published =
        background.published.as_ref().filter(|_| source.is_remote() && !request.accept_unchanged);
    let earlier = Vec::from_iter(
        published
            .map(EarlierDelivery::Published)
            .into_iter()
            .chain(refused.as_ref().map(EarlierDelivery::Refused)),
    );
    let fetched =
        fetch_files(request, source, &schema, &tenant_dir, &earlier, &mut outcome, progress);
    let mut raw = match fetched {
        Ok(raw) => raw,
        Err(error) => {
            run.check_cancelled()?;
            let awaited = request.wait_policy == WaitPolicy::CallerRetries
                && matches!(
                    error.classify(),
                    Classification {
                        fault: Fault::Delivery | Fault::BadDelivery | Fault::Source,
                        waiting_helps: true,
                    }
                );
            // The findings of a refused delivery are in the record of the run that refused it.
            if awaited || matches!(error, RunError::Fetch(FetchError::StillRefused { .. })) {
                return Err(error);
            }
            outcome.record_failed(store.as_mut(), request.dry_run);
            return Err(error);
        }
    };
    let name = outcome.report.run.clone();
    let label = archive::Label {
        tenant: &job.tenant,
        run: &name,
        business_date: date,
        fetched: request.now,
    };
    let processed = thread::scope(|scope| {
        let archiving = match request.dry_run {
            true => Archiving::nothing(),
            false => Archiving::begin(scope, &tenant_dir, job, label, &raw),
        };
        let processed = run.process(&raw, &mut store, request.dry_run, outcome, &archiving);
        // A run that failed has archived its delivery all the same.
        archiving.finish().and(processed)
    });
    if !matches!(processed, Err(RunError::Archive(_))) {
        raw.remove_downloads();
    }
    let mut report = match processed {
        Err(error @ RunError::Archive(_)) => {
            let failed = Outcome::new(&job.tenant, request.now, date);
            failed.record_failed(store.as_mut(), request.dry_run);
            return Err(error);
        }
        processed => processed?,
    };
    // What may be removed is told by a store in a file.
    if report.verdict == Verdict::Published && is_file {
        let faults = archive_keeping::apply(job, &tenant_dir, request.now);
        report.report_files.faults.extend(faults);
    }
    Ok(report)
}

/// Checks a folder. Nothing is written.
///
/// # Errors
/// A folder or file that cannot be read, a configuration that is wrong.
pub fn check(
    request: &CheckRequest<'_>,
    progress: &dyn Progress,
    reporter: &dyn Reporter,
) -> Result<RunReport, RunError> {
    let schema = schema_of(request.job)?;
    let levels = request.job.map(Levels::of).transpose()?.unwrap_or_default();
    let date = request.date.unwrap_or_else(|| match request.job {
        Some(job) => job.business_date(request.now),
        None => request.now.with_timezone(&chrono_tz::Asia::Shanghai).date_naive(),
    });
    let tenant = request.job.map_or(RunReport::CHECK, |job| &job.tenant);
    let mut outcome = Outcome::new(tenant, request.now, date);
    if let Some(job) = request.job {
        outcome.report.tenant_name.clone_from(&job.name);
        outcome.report.timezone = job.timezone;
    }
    let limits = request.job.map_or_else(GateLimits::default, |job| job.gate);
    let mut pinned = request.format.clone();
    if let Some(job) = request.job {
        pinned.encoding = pinned.encoding.or(job.format.encoding);
        pinned.delimiter = pinned.delimiter.or_else(|| job.format.delimiter.clone());
        pinned.header = pinned.header.or(job.format.header);
    }
    let max_file_size = request.job.map_or(Job::MAX_FILE_SIZE, |job| job.max_file_size);
    let usual = request.job.and_then(|job| job.source.as_ref());
    let former_raw = request
        .against
        .map(|folder| former::fetch_former(folder, &schema, (usual, date), max_file_size))
        .transpose()?;
    let former = former_raw
        .as_ref()
        .map(|raw| Former::parse(raw, &schema, (&pinned, &levels), &Feed::ALL))
        .transpose()?;
    progress.stage(Stage::Fetch);
    let began = Instant::now();
    let source = Source::dir_instead_of(request.dir, usual);
    let wanted = fetch::Request {
        source: &source,
        schema: &schema,
        date,
        max_file_size,
        workdir: request.dir,
        cancel: &Cancel::new(),
        caller_polls: false,
        earlier: &[],
    };
    let mut raw = match fetch::fetch(&wanted, &intake::Files(progress)) {
        // Four missing files of a folder that is there are four findings.
        Err(FetchError::NothingThere { near, .. }) if request.dir.is_dir() => {
            fetch::nothing(&wanted, &near)?
        }
        other => other?,
    };
    raw.load(max_file_size).map_err(|error| error.with_ready(&source.fetching().ready))?;
    outcome.time(Stage::Fetch, began);
    let freshness = request.job.and_then(|job| job.source.as_ref()?.fetching().freshness);
    let run = Run {
        schema: &schema,
        levels: &levels,
        limits,
        hold: Limits::Hold,
        pinned: &pinned,
        job: request.job.map(|job| job.path.as_path()),
        background: &Background { now: request.now, date: Some(date), freshness, published: None },
        former: former.as_ref(),
        tenant_dir: None,
        progress,
        reporter,
        cancel: &Cancel::new(),
    };
    run.process(&raw, &mut None, true, outcome, &Archiving::nothing())
}

fn fetch_files(
    request: &ImportRequest<'_>,
    source: &Source,
    schema: &Schema,
    tenant_dir: &Path,
    earlier: &[EarlierDelivery<'_>],
    outcome: &mut Outcome,
    progress: &dyn Progress,
) -> Result<RawDelivery, RunError> {
    progress.stage(Stage::Fetch);
    let began = Instant::now();
    // Equal sizes and times are enough for a look that is not the last; after that only equal bytes count.
    let unchanged_by_metadata: Vec<EarlierDelivery<'_>> = match request.wait_policy {
        WaitPolicy::CallerRetries => earlier.to_vec(),
        WaitPolicy::WaitForFiles | WaitPolicy::LastAttempt => Vec::new(),
    };
    let wanted = fetch::Request {
        source,
        schema,
        date: outcome.report.business_date,
        max_file_size: request.job.max_file_size,
        workdir: &tenant_dir.join("incoming"),
        cancel: request.cancel,
        caller_polls: request.wait_policy != WaitPolicy::WaitForFiles,
        earlier: &unchanged_by_metadata,
    };
    let mut raw = fetch::fetch(&wanted, &intake::Files(progress))?;
    if let Some(again) = earlier.iter().find(|earlier| intake::is_unchanged(&raw, earlier.files()))
    {
        raw.remove_downloads();
        return Err(again.fault(&raw.source).into());
    }
    // A packed file that cannot be used may still be on its way: it is tried again, and not archived each time.
    raw.load(request.job.max_file_size)
        .map_err(|error| error.with_ready(&source.fetching().ready))?;
    outcome.time(Stage::Fetch, began);
    Ok(raw)
}
