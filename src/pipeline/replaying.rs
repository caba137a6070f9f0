//! Makes a database anew from the archive, and compares it with the present one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Source;
use crate::delivery::Background;
use crate::disk::TenantLock;
use crate::fetch::{
    ArchiveError, ArchivedSettings, Journal, archive, archived_runs, delivery_folder,
};
use crate::gate::Limits;
use crate::model::{Feed, RunId, Verdict};
use crate::rules::Levels;
use crate::store::{
    self, Comparison, ComparisonScope, CopiedRecords, Reader, RetractionRecord, Store, StoreError,
};

use super::archiving::Archiving;
use super::error::RunError;
use super::history::{self, History, Wanted};
use super::job_schema::schema_of;
use super::journaling;
use super::outcome::Outcome;
use super::reading::Reading;
use super::replayed::{ReplayRequest, ReplayRules, ReplayStep, Replayed};
use super::reporter::NoReports;
use super::rows::write_stored_trees;
use super::run::Run;
use super::stage::{Progress, Stage};

/// The name of the database that is made to be compared.
const COMPARED: &str = "replay.db";

/// Makes the database anew.
///
/// # Errors
/// [`RunError::UnknownRun`] if nothing is known of the run that is to be the last; any fault of the configuration, the
/// machine or a database. Deliveries that are missing or cannot be read are part of the outcome.
pub fn replay(
    request: &ReplayRequest<'_>,
    told: &dyn Fn(ReplayStep<'_>),
) -> Result<Replayed, RunError> {
    let tenant_dir = request.tenant_dir;
    let database = tenant_dir.join(store::DATABASE);
    let holder = "replay";
    let lock = TenantLock::acquire(tenant_dir, holder, request.now)?;
    let target = request.target.map_or_else(|| tenant_dir.join(COMPARED), Path::to_path_buf);
    // Nothing must be imported into the place of the database that is being made.
    let is_way_back = target.parent().and_then(|parent| parent.canonicalize().ok())
        == tenant_dir.canonicalize().ok()
        && request.target.is_some();
    let present = match request.target {
        None => {
            // Tables that it lacks would all be differences.
            Reader::open_existing(&database)?.require_newest_format()?;
            Some(database.as_path())
        }
        Some(_) => usable(&database),
    };
    let mut replay = Replay::new(request, present, told);
    let file = Temporary { path: beside(&target, ".part") };
    file.remove();
    let mut wanted = replay.wanted()?;
    let mut lock = Some(lock).filter(|_| is_way_back);
    loop {
        replay.bring(&file.path, &wanted)?;
        if request.target.is_some() {
            break;
        }
        // What was imported meanwhile belongs to both.
        lock = Some(TenantLock::acquire(tenant_dir, holder, request.now)?);
        let now = replay.wanted()?;
        if now == wanted {
            break;
        }
        lock = None;
        wanted = now;
    }
    replay.records(&file.path, &wanted)?;
    if request.target.is_some() {
        fs::rename(&file.path, &target)
            .and_then(|()| fs::File::open(&target)?.sync_all())
            .map_err(|source| {
                RunError::Archive(crate::disk::DiskError { path: target.clone(), source }.into())
            })?;
        drop(lock);
        return Ok(replay.outcome);
    }
    let scope = match replay.outcome.missing.is_empty() {
        true => ComparisonScope::Whole,
        false => ComparisonScope::NewestSnapshot,
    };
    let comparison = Comparison::begin(&database, &file.path)?;
    drop(lock);
    let mut progress = |name: &str, rows| told(ReplayStep::Table { name, rows });
    replay.outcome.differences = Some(comparison.run(scope, &mut progress)?);
    replay.outcome.newest_snapshot_only = scope == ComparisonScope::NewestSnapshot;
    Ok(replay.outcome)
}

/// The present database, if it is there and can be read.
fn usable(database: &Path) -> Option<&Path> {
    if !database.exists() {
        return None;
    }
    let read = || -> Result<bool, StoreError> {
        let reader = Reader::open_existing(database)?;
        reader.events()?;
        Ok(!reader.runs(usize::MAX)?.is_empty())
    };
    match read() {
        // What a killed first import has left has no tables.
        Ok(has_runs) => Some(database).filter(|_| has_runs),
        Err(error) => {
            tracing::warn!("the present database cannot be used: {error}");
            None
        }
    }
}

/// A database that is being made; it is removed if it does not become another file.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn remove(&self) {
        for suffix in ["", "-wal", "-shm", "-journal", "-keys"] {
            // Mostly there is none.
            let _ = fs::remove_file(beside(&self.path, suffix));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A database on its way.
struct Replay<'r> {
    request: &'r ReplayRequest<'r>,
    /// The present database, if it can be used.
    present: Option<&'r Path>,
    told: &'r dyn Fn(ReplayStep<'_>),
    /// Rows accepted and quarantined by each recorded run.
    recorded: BTreeMap<RunId, (u64, u64)>,
    /// What was delivered for each date so far.
    built: BTreeMap<NaiveDate, Wanted>,
    outcome: Replayed,
}

impl<'r> Replay<'r> {
    fn new(
        request: &'r ReplayRequest<'r>,
        present: Option<&'r Path>,
        told: &'r dyn Fn(ReplayStep<'_>),
    ) -> Replay<'r> {
        let runs = present.and_then(|path| Reader::open_existing(path).ok()?.runs(usize::MAX).ok());
        let runs = runs.unwrap_or_default().into_iter();
        let recorded = runs.map(|row| (row.run, (row.rows, row.quarantined))).collect();
        Replay {
            request,
            present,
            told,
            recorded,
            built: BTreeMap::new(),
            outcome: Replayed::default(),
        }
    }

    /// What counts by the journal, which the present database completes.
    fn wanted(&mut self) -> Result<History, RunError> {
        let ReplayRequest { tenant_dir, until, .. } = *self.request;
        if let Some(present) = self.present {
            // It is only read, so that one of an earlier format stays as it is.
            journaling::repair(tenant_dir, Reader::open_existing(present)?.events()?)?;
        }
        let entries = Journal::of(tenant_dir).read()?;
        let history = match &entries {
            Some(entries) => History::of_journal(entries, until),
            None => until
                .is_none()
                .then(|| archived_runs(tenant_dir).map(History::assumed))
                .transpose()?,
        };
        let Some(history) = history else {
            let run = until.cloned().unwrap_or(RunId(String::new()));
            return Err(RunError::UnknownRun { run });
        };
        self.outcome.assumed = history.assumed;
        Ok(history)
    }

    /// Brings the database at `path` to what is wanted.
    fn bring(&mut self, path: &Path, history: &History) -> Result<(), RunError> {
        let removed = Journal::of(self.request.tenant_dir).read()?.unwrap_or_default();
        let removed = history::removed(&removed);
        let mut open: Option<(Reading, Store)> = None;
        let gone: Vec<NaiveDate> = self
            .built
            .keys()
            .filter(|date| !history.deliveries.contains_key(date))
            .copied()
            .collect();
        for date in gone {
            let reading = Reading::of_job(self.request.job)?;
            let mut store = Store::open(path, &reading.schema)?;
            take_back(&mut store, &reading, date, self.request.now)?;
            self.built.remove(&date);
        }
        let all = history.deliveries.len() as u64;
        for (done, (date, wanted)) in history.deliveries.iter().enumerate() {
            if self.request.cancel.is_asked() {
                return Err(RunError::Cancelled);
            }
            (self.told)(ReplayStep::Delivery { done: done as u64, all, date: *date });
            if self.built.get(date) == Some(wanted) {
                continue;
            }
            for run in &wanted.runs {
                let folder = delivery_folder(self.request.tenant_dir, *date, run);
                match self.deliver(path, &mut open, (*date, run, wanted), &folder) {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(RunError::Archive(error)) if error.gone().is_some() => {
                        let by_job = removed.contains(run);
                        self.outcome.missing.push((*date, run.clone(), by_job));
                    }
                    Err(RunError::Archive(
                        error @ (ArchiveError::Unreadable { .. } | ArchiveError::Damaged { .. }),
                    )) => {
                        self.outcome.unreadable.push((*date, run.clone(), error.message()));
                    }
                    Err(RunError::WrongPin(pin)) => {
                        self.outcome.unreadable.push((*date, run.clone(), pin.message()));
                    }
                    Err(error) => return Err(error),
                }
            }
            self.built.insert(*date, wanted.clone());
        }
        if open.is_none() {
            // Without any delivery there is an empty database all the same.
            Store::open(path, &schema_of(Some(self.request.job))?)?;
        }
        Ok(())
    }

    /// Reads an archived delivery and publishes it. Returns whether it was published.
    fn deliver(
        &mut self,
        path: &Path,
        open: &mut Option<(Reading, Store)>,
        (date, run, wanted): (NaiveDate, &RunId, &Wanted),
        folder: &Path,
    ) -> Result<bool, RunError> {
        let request = self.request;
        let facts = archive::facts(folder)?;
        let kept = match request.rules {
            ReplayRules::Then => ArchivedSettings::read(folder)?,
            ReplayRules::Now => None,
        };
        let reading = match &kept {
            Some(kept) => Reading::of_kept(kept, folder)?,
            None => Reading::of_job(request.job)?,
        };
        let levels = Levels::of(&reading.job)?;
        let mut raw = archive::read(folder)?;
        raw.load(reading.job.max_file_size)?;
        // The schema decides the columns: another one is another way to open the database.
        let store = match open.take() {
            Some((before, store)) if before.schema == reading.schema => store,
            before => {
                drop(before);
                Store::open(path, &reading.schema)?
            }
        };
        let mut outcome = Outcome::new(&request.job.tenant, facts.fetched, date);
        outcome.report.run = run.clone();
        outcome.report.approval.clone_from(&wanted.approval);
        outcome.report.newest_date = store.latest()?.map(|latest| latest.date);
        let source = request.job.source.as_ref().map(Source::fetching);
        let background = Background {
            now: facts.fetched,
            date: Some(date),
            freshness: source.and_then(|source| source.freshness),
            published: store.files_before(date)?,
        };
        let processing = Run {
            schema: &reading.schema,
            levels: &levels,
            limits: request.job.gate,
            // What was published then had passed the gate. Of an assumed delivery nobody knows.
            hold: if self.outcome.assumed { Limits::Hold } else { Limits::Waived },
            pinned: &reading.job.format,
            job: Some(&reading.job.path),
            background: &background,
            former: None,
            // Neither the journal nor the archive is changed.
            tenant_dir: None,
            progress: &Quiet,
            reporter: &NoReports,
            cancel: request.cancel,
        };
        let mut store = Some(store);
        let report = processing.process(&raw, &mut store, false, outcome, &Archiving::nothing())?;
        *open = store.map(|store| (reading, store));
        if report.verdict != Verdict::Published {
            // Of an archive without a journal it may be that the delivery was refused then as well.
            if !self.outcome.assumed {
                self.outcome.refused.push((date, run.clone(), report.reasons));
            }
            return Ok(false);
        }
        let rows: u64 = report.files.iter().map(|file| file.rows).sum();
        let quarantined: u64 = report.files.iter().map(|file| file.quarantined).sum();
        if self.recorded.get(run).is_some_and(|recorded| *recorded != (rows, quarantined)) {
            self.outcome.read_otherwise.push((date, run.clone()));
        }
        self.outcome.without_settings +=
            u64::from(kept.is_none() && request.rules == ReplayRules::Then);
        Ok(true)
    }

    /// Notes the keys whose content began with a delivery that is not there any more: bad rows alone came of them since. The
    /// newest delivery tells them also without the present database, which then says of which it has content indeed.
    fn note_lacking(&mut self, path: &Path) -> Result<(), RunError> {
        if self.outcome.missing.is_empty() {
            return Ok(());
        }
        let mut lacking = Reader::open_existing(path)?.quarantined_without_content()?;
        if let Some(present) = self.present.filter(|_| self.request.until.is_none()) {
            let carried = Reader::open_existing(present)?.carried()?;
            let carried: BTreeSet<_> = carried.into_iter().map(|row| (row.feed, row.key)).collect();
            lacking.retain(|lacking| carried.contains(lacking));
        }
        self.outcome.lacking = lacking;
        Ok(())
    }

    /// Takes the records of runs over from the present database, or of decisions from the journal; counts what there is.
    fn records(&mut self, path: &Path, history: &History) -> Result<(), RunError> {
        let request = self.request;
        // The database is left as the job says it today.
        let mut store = Store::open(path, &schema_of(Some(request.job))?)?;
        if let Some(present) = self.present.filter(|_| request.target.is_some()) {
            let which = match request.rules {
                ReplayRules::Then => CopiedRecords::All,
                ReplayRules::Now => CopiedRecords::Lacking,
            };
            store.copy_records(present, which, request.until)?;
        }
        store.record_decisions(&journaling::decisions(&history.decisions))?;
        self.note_lacking(path)?;
        let dates = store.dates()?;
        self.outcome.deliveries = dates.len() as u64;
        self.outcome.dates = dates.first().copied().zip(dates.last().copied());
        Ok(())
    }
}

fn take_back(
    store: &mut Store,
    reading: &Reading,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), RunError> {
    let mut retraction = store.begin_retraction(date)?;
    if retraction.change().newest_changed() {
        write_stored_trees(&reading.schema, retraction.change())?;
    }
    retraction.commit(RetractionRecord { at: now, by: "-", reason: "-" })?;
    Ok(())
}

/// The progress of one delivery among many: none.
struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _: Stage) {}
}

impl crate::fetch::Progress for Quiet {
    fn file(&self, _: Feed, _: Option<u64>) {}
    fn bytes(&self, _: Feed, _: u64) {}
}
