//! The scheduler: what happens at each tick to the job files, the schedule states and the runs of all insurers.
//!
//! It starts nothing and waits for nothing: a tick is given the time and returns the runs that are to be
//! started; their outcome is reported back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::alert::EventKind;
use crate::config::job::Job;
use crate::model::Cancel;
use crate::pipeline::{WaitPolicy, run_id};

use super::interrupted_run;
use super::jobs::{Change, Env, JobFolder};
use super::ledger::{self, Entry, LedgerError};
use super::log_entry::{self, LogEntry, Severity};
use super::notify;
use super::observer::{Observer, TenantStatus};
use super::plan::{NextStep, RunOutcome, ScheduleState, TickAction, Timetable};
use super::run::{Finished, RunRequest};

/// What holds for all insurers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of job files.
    pub jobs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// Number of insurers that run in parallel, at least one.
    pub most_running: usize,
    /// Poll interval of the folder of job files.
    pub poll: TimeDelta,
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
    /// None if it is not run by time.
    state: Option<ScheduleState>,
    running: Option<Running>,
    /// What the ledger says.
    saved: Option<Entry>,
    /// Whether it was reported that the ledger cannot be written.
    unwritable: bool,
    /// Its job file went while a run was under way.
    gone: bool,
}

struct Running {
    job: Arc<Job>,
    cancel: Cancel,
}

impl<'o> Scheduler<'o> {
    /// Nothing is read before the first tick.
    pub fn new(settings: Settings, env: &'o Env, observer: &'o dyn Observer) -> Scheduler<'o> {
        let folder = JobFolder::new(settings.jobs.clone());
        Scheduler { settings, folder, env, observer, insurers: BTreeMap::new(), stopping: false }
    }

    /// Takes up what is new, and returns the runs to start. Each of them is noted in its ledger as begun.
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
        let run_requests = self.start_what_is_due(now);
        for tenant in self.tenants() {
            self.save(&tenant, now);
        }
        let statuses: Vec<TenantStatus> = self.statuses(now);
        self.observer.on_tick(&statuses, now);
        run_requests
    }

    /// Takes the end of a run.
    pub fn finished(&mut self, finished: Finished, now: DateTime<Utc>) {
        let Finished { tenant, outcome, report, aside } = finished;
        let Some(insurer) = self.insurers.get_mut(&tenant) else { return };
        let Some(Running { job, .. }) = insurer.running.take() else { return };
        if let Some(message) = aside {
            self.observer.log(&LogEntry::reports(Severity::Warning, Some(&tenant), message));
        }
        if let Some(report) = &report {
            notify::verdict(self.observer, &job, report, now);
        }
        // What a job file says that was changed meanwhile holds from here on.
        let timetable = timetable(&insurer.job).or_else(|| timetable(&job));
        if let (Some(state), Some(timetable)) = (&mut insurer.state, timetable) {
            let after = state.finish(&timetable, &outcome, now);
            match (after, &outcome) {
                (NextStep::RetryAt(at), RunOutcome::Without { missing, message, .. }) => {
                    self.observer.log(&LogEntry::again(&job, *missing, message, at));
                }
                (NextStep::RetryAt(at), RunOutcome::Refused) => {
                    self.observer.log(&LogEntry::corrected_awaited(&job, at));
                }
                (NextStep::GivenUp, _) => {
                    if let Some(scheduled_run) = &state.scheduled_run {
                        notify::gave_up(self.observer, &job, scheduled_run, now);
                    }
                }
                (NextStep::Done | NextStep::RetryAt(_), _) => {}
            }
        }
        if insurer.gone {
            self.forget(&tenant);
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
        let poll = now + self.settings.poll;
        let wakes = self
            .insurers
            .values()
            .filter_map(|insurer| insurer.state.as_ref()?.wake(&timetable(&insurer.job)?));
        // What is due and was not started waits for the end of a run, which wakes us too.
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
            Change::Loaded(job) => self.take_job(job, now),
            Change::Repaired(job) => self.job_file_read(&job, now),
            Change::Gone { tenant } => {
                self.observer.log(&LogEntry::job_gone(&tenant));
                match self.insurers.get_mut(&tenant) {
                    Some(insurer) if insurer.running.is_some() => insurer.gone = true,
                    _ => self.forget(&tenant),
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

    fn take_job(&mut self, job: Arc<Job>, now: DateTime<Utc>) {
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
            saved: None,
            unwritable: false,
            gone: false,
        });
        insurer.job = Arc::clone(&job);
        insurer.gone = false;
        match (timetable(&job), &mut insurer.state) {
            // A run under way ends before its schedule state does.
            (None, _) if insurer.running.is_some() => {}
            (None, state) => {
                *state = None;
                self.retire(&tenant);
            }
            (Some(timetable), Some(state)) => state.adopt(&timetable, now),
            (Some(timetable), state) => {
                let folder = self.settings.data.join(&tenant);
                let (remembered, saved) = self.remember(&job, &timetable, &folder, now);
                *state = remembered;
                insurer.saved = saved;
            }
        }
        self.observer.log(&LogEntry::job_taken(&job, next(&insurer, now)));
        self.insurers.insert(tenant, insurer);
    }

    /// What the ledger remembers of an insurer, brought up to the job as it reads now.
    fn remember(
        &self,
        job: &Arc<Job>,
        timetable: &Timetable<'_>,
        folder: &Path,
        now: DateTime<Utc>,
    ) -> (Option<ScheduleState>, Option<Entry>) {
        match ledger::read(folder) {
            Ok(None) => (Some(ScheduleState::new(timetable, now)), None),
            Ok(Some(entry)) => {
                let mut state = entry.state.clone();
                interrupted_run::settle_what_was_cut_short(
                    &mut state,
                    job,
                    timetable,
                    folder,
                    self.observer,
                    now,
                );
                state.adopt(timetable, now);
                (Some(state), Some(entry))
            }
            Err(error) => {
                let log = LogEntry::reports(Severity::Error, Some(&job.tenant), error.message());
                self.observer.log(&log);
                match error {
                    // What a newer program remembers is not to be overwritten.
                    LedgerError::Newer { .. } => (None, None),
                    _ => (Some(ScheduleState::new(timetable, now)), None),
                }
            }
        }
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

    fn start_what_is_due(&mut self, now: DateTime<Utc>) -> Vec<RunRequest> {
        let free = self.settings.most_running.max(1).saturating_sub(self.running());
        let due = |(tenant, insurer): (&String, &Insurer)| {
            let at = insurer.state.as_ref()?.due_at().filter(|at| *at <= now)?;
            insurer.running.is_none().then(|| (at, tenant.clone()))
        };
        let mut due: Vec<(DateTime<Utc>, String)> = self.insurers.iter().filter_map(due).collect();
        // The longest waiting run comes first.
        due.sort();
        due.truncate(free);
        due.into_iter().filter_map(|(_, tenant)| self.begin(&tenant, now)).collect()
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
        let (job, cancel) = (Arc::clone(&insurer.job), Cancel::new());
        insurer.running = Some(Running { job: Arc::clone(&job), cancel: cancel.clone() });
        // The ledger is written first, so that a logged start is always recorded.
        self.save(tenant, now);
        self.observer.log(&LogEntry::started(tenant, date, &run, attempt));
        Some(RunRequest {
            job,
            date,
            now,
            wait_policy,
            refused,
            data: self.settings.data.clone(),
            cancel,
        })
    }

    /// Writes the ledger if there is anything new in it.
    fn save(&mut self, tenant: &str, now: DateTime<Utc>) {
        let job_file = self.folder.problem(tenant).cloned();
        let Some(insurer) = self.insurers.get_mut(tenant) else { return };
        let Some(state) = insurer.state.clone() else { return };
        let entry = Entry { state, next: next(insurer, now), job_file };
        if insurer.saved.as_ref() == Some(&entry) {
            return;
        }
        match ledger::write(&self.settings.data.join(tenant), &entry) {
            Ok(()) => {
                insurer.saved = Some(entry);
                insurer.unwritable = false;
            }
            // It is retried at the next tick; a failure to record a run must not stop it.
            Err(error) => {
                if !std::mem::replace(&mut insurer.unwritable, true) {
                    let log = LogEntry::reports(Severity::Error, Some(tenant), error.message());
                    self.observer.log(&log);
                }
            }
        }
    }

    /// Makes a ledger say that nothing comes next, if it says otherwise.
    fn retire(&self, tenant: &str) {
        let folder = self.settings.data.join(tenant);
        if let Ok(Some(entry)) = ledger::read(&folder)
            && entry.next.is_some()
            && let Err(error) = ledger::write(&folder, &Entry { next: None, ..entry })
        {
            self.observer.log(&LogEntry::reports(Severity::Warning, Some(tenant), error.message()));
        }
    }

    /// Runs a tenant no more. Its ledger stays and says that nothing comes next.
    fn forget(&mut self, tenant: &str) {
        let Some(insurer) = self.insurers.remove(tenant) else { return };
        let Some(state) = insurer.state else { return };
        let entry = Entry { state, next: None, job_file: None };
        if let Err(error) = ledger::write(&self.settings.data.join(tenant), &entry) {
            self.observer.log(&LogEntry::reports(Severity::Warning, Some(tenant), error.message()));
        }
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
