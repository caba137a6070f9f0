//! The scheduler: what happens at each tick to the job files, the schedule states and the runs of all insurers.
//!
//! It starts no run and does not sleep: a tick is given the time and returns the runs that are to be
//! started; the caller starts them and reports their outcome.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::alert::EventKind;
use crate::config::job::Job;
use crate::model::Cancel;
use crate::pipeline::{self, WaitPolicy, run_id};

use super::interrupted_run;
use super::jobs::{Change, Env, JobFolder, Stores};
use super::ledger::Entry;
use super::log_entry::{self, LogEntry, Severity};
use super::make_up::{self, KnownDates};
use super::notify;
use super::observer::{Observer, TenantStatus};
use super::plan::{RunOutcome, ScheduleState, TickAction, Timetable};
use super::run::{Finished, Purpose, RunRequest};

mod persistence;

/// The settings of all insurers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of job files.
    pub jobs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// Whether a database of an earlier format is copied before it is brought to the newest one.
    pub backup: bool,
    /// Number of insurers that run in parallel, at least one.
    pub most_running: usize,
    /// Poll interval of the folder of job files.
    pub job_folder_poll_interval: TimeDelta,
}

/// A cron expression for which a timer fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronTimer {
    /// The expression.
    pub cron: String,
    /// Its time zone.
    pub zone: Tz,
}

/// All insurers and their runs.
pub struct Scheduler<'o> {
    settings: Settings,
    folder: JobFolder,
    env: &'o Env,
    observer: &'o dyn Observer,
    insurers: BTreeMap<String, Insurer>,
    stopping: bool,
}

struct Insurer {
    job: Arc<Job>,
    /// None if the job has no schedule.
    state: Option<ScheduleState>,
    running: Option<Running>,
    /// Whether its database has an earlier format, so that it is migrated before anything is run.
    is_earlier: bool,
    /// Missed dates that are still to be looked for, each once.
    missed: VecDeque<NaiveDate>,
    /// The entry as it was last read or written; None if there is no file yet.
    saved: Option<Entry>,
    /// Whether it was logged that the ledger cannot be written, so that it is logged once.
    unwritable: bool,
    /// Its job file was removed during a run; the insurer is removed when the run ends.
    gone: bool,
}

struct Running {
    job: Arc<Job>,
    cancel: Cancel,
    purpose: Purpose,
}

impl<'o> Scheduler<'o> {
    /// Nothing is read before the first tick.
    pub fn new(settings: Settings, env: &'o Env, observer: &'o dyn Observer) -> Scheduler<'o> {
        let folder = JobFolder::new(settings.jobs.clone(), Stores::Files);
        Scheduler { settings, folder, env, observer, insurers: BTreeMap::new(), stopping: false }
    }

    /// Loads changed job files and returns the runs to start. Each of them is recorded in its ledger as running.
    pub fn tick(&mut self, now: DateTime<Utc>) -> Vec<RunRequest> {
        if self.stopping {
            return Vec::new();
        }
        for change in self.folder.look(self.env) {
            self.apply(change, now);
        }
        for tenant in self.tenants() {
            self.advance(&tenant, now);
        }
        let run_requests = self.start_due_runs(now);
        for tenant in self.tenants() {
            self.save(&tenant, now);
        }
        let statuses: Vec<TenantStatus> = self.statuses(now);
        self.observer.on_tick(&statuses, now);
        run_requests
    }

    /// Records the outcome of a run.
    pub fn finished(&mut self, finished: Finished, now: DateTime<Utc>) {
        let Finished { tenant, outcome, report } = finished;
        let Some(insurer) = self.insurers.get_mut(&tenant) else { return };
        let Some(Running { job, purpose, .. }) = insurer.running.take() else { return };
        if let Some(report) = &report {
            for fault in &report.report_files.faults {
                let entry = LogEntry::reports(Severity::Warning, Some(&tenant), fault.clone());
                self.observer.log(&entry);
            }
            notify::verdict(self.observer, &job, report, now);
        }
        // A schedule that was changed during the run holds from here on.
        let timetable = timetable(&insurer.job).or_else(|| timetable(&job));
        if purpose == Purpose::Migration {
            let entry = match &outcome {
                RunOutcome::Without { message, .. } => LogEntry::not_migrated(&tenant, message),
                _ => LogEntry::migrated(&tenant),
            };
            self.observer.log(&entry);
        } else if let Purpose::Missed(date) = purpose {
            if let RunOutcome::Without { message, .. } = &outcome {
                self.observer.log(&LogEntry::not_made_up(&tenant, date, message));
            }
        } else if let (Some(state), Some(timetable)) = (&mut insurer.state, timetable) {
            let after = state.finish(&timetable, &outcome, now);
            notify::next_step(self.observer, &job, (after, &outcome), state, now);
            if let (RunOutcome::Published, Some(scheduled_run)) = (&outcome, &state.scheduled_run) {
                // A database that cannot be read knows of no missed dates: its next run says why.
                let known = KnownDates::read(&self.settings.data.join(&tenant)).unwrap_or_default();
                let date = scheduled_run.date;
                insurer.missed =
                    make_up::missed_dates(&insurer.job, &timetable, date, &known).into();
            }
        }
        if insurer.gone {
            self.remove(&tenant);
        } else {
            self.save(&tenant, now);
        }
    }

    /// Starts no further runs and cancels those under way.
    pub fn stop(&mut self) {
        self.stopping = true;
        for insurer in self.insurers.values() {
            if let Some(running) = &insurer.running {
                running.cancel.ask();
            }
        }
    }

    /// Number of runs under way.
    pub fn running(&self) -> usize {
        self.insurers.values().filter(|insurer| insurer.running.is_some()).count()
    }

    /// When the next tick is due, if no event comes before.
    pub fn wake(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let poll = now + self.settings.job_folder_poll_interval;
        let wakes = self
            .insurers
            .values()
            .filter_map(|insurer| insurer.state.as_ref()?.wake(&timetable(&insurer.job)?));
        // A due run that was not started waits for another run to end, which is an event of its own.
        wakes.filter(|wake| *wake > now).min().map_or(poll, |wake| wake.min(poll))
    }

    /// The cron expressions of all jobs, each once.
    pub fn timers(&self) -> Vec<CronTimer> {
        let timer = |insurer: &Insurer| {
            let cron = insurer.job.schedule.as_ref()?.cron.text().to_owned();
            Some(CronTimer { cron, zone: insurer.job.timezone })
        };
        let mut timers: Vec<CronTimer> = self.insurers.values().filter_map(timer).collect();
        timers.sort_by(|a, b| (&a.cron, a.zone.name()).cmp(&(&b.cron, b.zone.name())));
        timers.dedup();
        timers
    }

    fn tenants(&self) -> Vec<String> {
        self.insurers.keys().cloned().collect()
    }

    fn statuses(&self, now: DateTime<Utc>) -> Vec<TenantStatus> {
        let status = |(tenant, insurer): (&String, &Insurer)| TenantStatus {
            job: Arc::clone(&insurer.job),
            state: insurer.state.clone(),
            next: next(insurer, now),
            outdated: self.folder.problem(tenant).is_some(),
        };
        self.insurers.iter().map(status).collect()
    }

    fn apply(&mut self, change: Change, now: DateTime<Utc>) {
        match change {
            Change::Loaded(job) => self.load_job(job, now),
            Change::Repaired(job) => self.job_file_read(&job, now),
            Change::Gone { tenant } => {
                self.observer.log(&LogEntry::job_gone(&tenant));
                match self.insurers.get_mut(&tenant) {
                    Some(insurer) if insurer.running.is_some() => insurer.gone = true,
                    _ => self.remove(&tenant),
                }
            }
            Change::Broken { kept, message } => {
                self.observer.log(&LogEntry::job_broken(kept.as_deref(), &message));
                if let Some(job) = kept {
                    let what = EventKind::JobFileBroken { message };
                    self.on_event(&job, what, now);
                }
            }
            Change::Unreadable(message) => {
                self.observer.log(&LogEntry::reports(Severity::Error, None, message));
            }
        }
    }

    fn load_job(&mut self, job: Arc<Job>, now: DateTime<Utc>) {
        let tenant = job.tenant.clone();
        for warning in &job.warnings {
            self.observer.log(&LogEntry::reports(
                Severity::Warning,
                Some(&tenant),
                warning.clone(),
            ));
        }
        self.observer.job_loaded(&job, now);
        self.job_file_read(&job, now);
        let known = self.insurers.remove(&tenant);
        let mut insurer = known.unwrap_or_else(|| Insurer {
            job: Arc::clone(&job),
            state: None,
            running: None,
            is_earlier: false,
            missed: VecDeque::new(),
            saved: None,
            unwritable: false,
            gone: false,
        });
        insurer.job = Arc::clone(&job);
        insurer.gone = false;
        insurer.is_earlier = pipeline::has_earlier_format(&job, &self.settings.data);
        match (timetable(&job), &mut insurer.state) {
            // The schedule state is kept until the run under way has ended.
            (None, _) if insurer.running.is_some() => {}
            (None, state) => {
                *state = None;
                self.clear_next(&tenant);
            }
            (Some(timetable), Some(state)) => state.adopt(&timetable, now),
            (Some(timetable), state) => {
                let folder = self.settings.data.join(&tenant);
                let (restored, saved) = self.restore(&job, &timetable, &folder, now);
                *state = restored;
                insurer.saved = saved;
            }
        }
        self.observer.log(&LogEntry::job_loaded(&job, next(&insurer, now)));
        self.insurers.insert(tenant, insurer);
    }

    fn job_file_read(&self, job: &Job, now: DateTime<Utc>) {
        self.on_event(job, EventKind::JobFileRead, now);
    }

    fn on_event(&self, job: &Job, what: EventKind, now: DateTime<Utc>) {
        let event = notify::event(job, job.business_date(now), what);
        self.observer.on_event(job, &event, now);
    }

    fn advance(&mut self, tenant: &str, now: DateTime<Utc>) {
        let Some(insurer) = self.insurers.get_mut(tenant) else { return };
        let (Some(state), Some(timetable)) = (&mut insurer.state, timetable(&insurer.job)) else {
            return;
        };
        for tick in state.advance(&timetable, now) {
            match tick {
                TickAction::Missed(scheduled) => {
                    let folder = self.settings.data.join(tenant);
                    let date = insurer.job.business_date(scheduled);
                    if !interrupted_run::is_published(&folder, date) {
                        let message = log_entry::missed(&insurer.job, scheduled, date);
                        notify::missed(self.observer, &insurer.job, date, message, now);
                    }
                }
                TickAction::GivenUp(scheduled_run) => {
                    notify::gave_up(self.observer, &insurer.job, &scheduled_run, now)
                }
            }
        }
    }

    fn start_due_runs(&mut self, now: DateTime<Utc>) -> Vec<RunRequest> {
        let mut begun = Vec::new();
        for tenant in self.tenants() {
            if self.running() < self.settings.most_running.max(1) {
                begun.extend(self.begin_migration(&tenant, now));
            }
        }
        let free = self.settings.most_running.max(1).saturating_sub(self.running());
        let due = |(tenant, insurer): (&String, &Insurer)| {
            let at = insurer.state.as_ref()?.due_at().filter(|at| *at <= now)?;
            insurer.running.is_none().then(|| (at, tenant.clone()))
        };
        let mut due: Vec<(DateTime<Utc>, String)> = self.insurers.iter().filter_map(due).collect();
        // The longest waiting run comes first.
        due.sort();
        due.truncate(free);
        begun.extend(due.into_iter().filter_map(|(_, tenant)| self.begin(&tenant, now)));
        // Missed dates come after what is due.
        for tenant in self.tenants() {
            if self.running() < self.settings.most_running.max(1) {
                begun.extend(self.begin_missed(&tenant, now));
            }
        }
        begun
    }

    /// Migrates a database of an earlier format once; if that fails the next run does it.
    fn begin_migration(&mut self, tenant: &str, now: DateTime<Utc>) -> Option<RunRequest> {
        let insurer = self.insurers.get_mut(tenant)?;
        if insurer.running.is_some() || !std::mem::take(&mut insurer.is_earlier) {
            return None;
        }
        let (job, cancel, purpose) = (Arc::clone(&insurer.job), Cancel::new(), Purpose::Migration);
        insurer.running = Some(Running { job: Arc::clone(&job), cancel: cancel.clone(), purpose });
        self.observer.log(&LogEntry::migrates(tenant));
        Some(RunRequest {
            date: job.business_date(now),
            job,
            purpose,
            now,
            wait_policy: WaitPolicy::CallerRetries,
            refused: None,
            data: self.settings.data.clone(),
            backup: self.settings.backup,
            cancel,
            claim: None,
        })
    }

    /// Looks for the next missed date of an insurer that has nothing else to do.
    fn begin_missed(&mut self, tenant: &str, now: DateTime<Utc>) -> Option<RunRequest> {
        let insurer = self.insurers.get_mut(tenant)?;
        let is_due = insurer.state.as_ref()?.due_at().is_some_and(|at| at <= now);
        if insurer.running.is_some() || is_due {
            return None;
        }
        let date = insurer.missed.pop_front()?;
        let known = KnownDates::read(&self.settings.data.join(tenant)).ok()?;
        if known.published.contains(&date) || known.taken_back.contains(&date) {
            return None;
        }
        let run = run_id(tenant, now, date);
        let (job, cancel) = (Arc::clone(&insurer.job), Cancel::new());
        let purpose = Purpose::Missed(date);
        let running = Running { job: Arc::clone(&job), cancel: cancel.clone(), purpose };
        insurer.running = Some(running);
        self.observer.log(&LogEntry::looks_for_missed(tenant, date, &run));
        Some(RunRequest {
            job,
            purpose,
            date,
            now,
            // What is not there is no news.
            wait_policy: WaitPolicy::CallerRetries,
            refused: known.refused.get(&date).cloned(),
            data: self.settings.data.clone(),
            backup: self.settings.backup,
            cancel,
            claim: None,
        })
    }

    fn begin(&mut self, tenant: &str, now: DateTime<Utc>) -> Option<RunRequest> {
        let insurer = self.insurers.get_mut(tenant)?;
        let state = insurer.state.as_mut()?;
        let date = state.scheduled_run.as_ref()?.date;
        if let (Some(refused), Some(timetable)) =
            (&state.scheduled_run.as_ref()?.refused, timetable(&insurer.job))
            && interrupted_run::is_published_since(&self.settings.data.join(tenant), date, refused)
        {
            state.finish(&timetable, &RunOutcome::Published, now);
            return None;
        }
        let run = run_id(tenant, now, date);
        let wait_policy = match state.begin(run.clone(), now) {
            true => WaitPolicy::CallerRetries,
            false => WaitPolicy::LastAttempt,
        };
        let scheduled_run = state.scheduled_run.as_ref()?;
        let (attempt, refused) = (scheduled_run.attempts, scheduled_run.refused.clone());
        let purpose = Purpose::Scheduled;
        let (job, cancel) = (Arc::clone(&insurer.job), Cancel::new());
        insurer.running = Some(Running { job: Arc::clone(&job), cancel: cancel.clone(), purpose });
        // The ledger is written first, so that a logged start is always recorded.
        self.save(tenant, now);
        self.observer.log(&LogEntry::started(tenant, date, &run, attempt));
        Some(RunRequest {
            job,
            purpose,
            date,
            now,
            wait_policy,
            refused,
            data: self.settings.data.clone(),
            backup: self.settings.backup,
            cancel,
            claim: None,
        })
    }
}

fn timetable(job: &Job) -> Option<Timetable<'_>> {
    Some(Timetable { schedule: job.schedule.as_ref()?, zone: job.timezone })
}

/// The next scheduled time of an insurer that is run by time.
fn next(insurer: &Insurer, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let state = insurer.state.as_ref()?;
    timetable(&insurer.job)?.next_after(state.handled.max(now))
}
