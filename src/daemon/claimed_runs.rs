//! Runs what is due, beside other processes that do the same over one store. Each run is claimed there, and each process ends
//! when nothing is left that it could begin.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::alert::{EventKind, RunFacts};
use crate::config::job::Job;
use crate::model::{Cancel, Message, RunId, RunReport};
use crate::pipeline::{Classification, Fault};
use crate::store::{ClaimTerms, RunClaim, SharedSchedules, StoreError, StoredSchedule};

use super::claimed_schedule::{Begun, News, Recorded, ScheduleFault, Tenant};
use super::event_loop::{Event, SHUTDOWN_TIMEOUT, SchedulerEnvironment};
use super::jobs::{Change, Env, JobFolder, Stores};
use super::log_entry::{self, LogEntry, Severity};
use super::notify;
use super::observer::Observer;
use super::plan::{RunOutcome, TickAction, Timetable};
use super::run::{Finished, Purpose, RunRequest};

/// How often a server that cannot be reached is asked again, and how long apart: a standby takes over within that time.
const QUESTIONS: u32 = 20;
const BETWEEN: Duration = Duration::from_secs(1);
/// How long to wait for an event, as runs end by themselves.
const WAIT: TimeDelta = TimeDelta::hours(1);

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct ClaimSettings {
    /// The folder of job files, or one of them.
    pub jobs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The URL of the store, whatever the jobs say.
    pub store: Option<String>,
    /// Number of runs at once, at least one.
    pub most_running: usize,
    /// Who claims, and for how long at a time.
    pub terms: ClaimTerms,
}

/// What has become of a job.
#[derive(Debug)]
pub enum Ended {
    /// It was run.
    Run {
        /// The job.
        job: Arc<Job>,
        /// How that ended.
        outcome: RunOutcome,
        /// What there is to say of it, if it came to a verdict.
        report: Option<Box<RunReport>>,
    },
    /// It could not be run, or not to its end.
    NotRun {
        /// The job, if its file can be read.
        job: Option<Arc<Job>>,
        /// Who is at fault.
        fault: Fault,
        /// What happened and what to do.
        message: Message,
    },
}

struct Insurer {
    job: Arc<Job>,
    url: String,
    /// Whether its schedule was adopted by this process.
    is_adopted: bool,
}

struct Running {
    claim: RunClaim,
    run: RunId,
    cancel: Cancel,
}

struct ClaimedRuns<'o> {
    settings: &'o ClaimSettings,
    observer: &'o dyn Observer,
    stores: BTreeMap<String, SharedSchedules>,
    insurers: BTreeMap<String, Insurer>,
    /// Tenants of which something may be to be decided.
    queue: VecDeque<String>,
    running: BTreeMap<String, Running>,
    told: &'o mut dyn FnMut(Ended),
}

/// Runs what is due, until nothing is left or it is told to stop: then it begins nothing, and what does not end in time is
/// given back. `told` hears of every end.
pub fn run_claimed<'o>(
    settings: &'o ClaimSettings,
    env: &Env,
    observer: &'o dyn Observer,
    environment: &mut dyn SchedulerEnvironment,
    told: &'o mut dyn FnMut(Ended),
) {
    let mut runs = ClaimedRuns {
        settings,
        observer,
        stores: BTreeMap::new(),
        insurers: BTreeMap::new(),
        queue: VecDeque::new(),
        running: BTreeMap::new(),
        told,
    };
    runs.load(env, environment.now());
    let mut stopped = false;
    while !stopped {
        while runs.running.len() < settings.most_running.max(1)
            && let Some(request) = runs.next()
        {
            environment.start(request);
        }
        if runs.running.is_empty() {
            return;
        }
        match environment.wait(environment.now() + WAIT) {
            Event::TimerFired => {}
            Event::Finished(finished) => runs.finished(*finished),
            Event::Stop => stopped = true,
        }
    }
    observer.log(&LogEntry::stopping(runs.running.len()));
    for running in runs.running.values() {
        running.cancel.ask();
    }
    let end = environment.now() + SHUTDOWN_TIMEOUT;
    while !runs.running.is_empty() && environment.now() < end {
        match environment.wait(end) {
            Event::TimerFired => {}
            Event::Finished(finished) => runs.finished(*finished),
            Event::Stop => break,
        }
    }
    observer.log(&LogEntry::stopped(runs.running.len()));
    // Their claims are given back; what they try to publish after that is refused.
    for tenant in Vec::from_iter(runs.running.keys().cloned()) {
        runs.finished(Finished { tenant, outcome: RunOutcome::Stopped, report: None });
    }
}

fn timetable(job: &Job) -> Option<Timetable<'_>> {
    Some(Timetable { schedule: job.schedule.as_ref()?, zone: job.timezone })
}

impl ScheduleFault {
    /// Who is at fault, and what to do.
    fn reported(&self) -> (Fault, Message) {
        match self {
            ScheduleFault::Store(error) => (Classification::of_store(error).fault, error.message()),
            ScheduleFault::Ledger(error) => (Fault::DataFolder, error.message()),
            ScheduleFault::Text(error) => {
                (Fault::Internal, Message::new(error.to_string(), error.to_string()))
            }
        }
    }
}

impl ClaimedRuns<'_> {
    fn load(&mut self, env: &Env, now: DateTime<Utc>) {
        let stores = Stores::Server(self.settings.store.clone());
        for change in JobFolder::new(self.settings.jobs.clone(), stores).look(env) {
            match change {
                Change::Loaded(job) => self.load_job(job, now),
                Change::Broken { message, .. } | Change::Unreadable(message) => {
                    self.not_run(None, Fault::Setup, message);
                }
                // Nothing was there before.
                Change::Gone { .. } | Change::Repaired(_) => {}
            }
        }
    }

    fn load_job(&mut self, job: Arc<Job>, now: DateTime<Utc>) {
        let tenant = job.tenant.clone();
        let of_tenant = |severity, message| LogEntry::reports(severity, Some(&tenant), message);
        for warning in &job.warnings {
            self.observer.log(&of_tenant(Severity::Warning, warning.clone()));
        }
        self.observer.job_loaded(&job, now);
        if job.schedule.is_none() {
            self.observer.log(&LogEntry::job_loaded(&job, None));
            return;
        }
        // The folder takes no job without a store.
        let Some(settings) = &job.store else { return };
        let url = match settings.url.reveal() {
            Ok(url) => url.expose().to_owned(),
            Err(error) => return self.not_run(Some(job), Fault::Setup, error.message()),
        };
        if !self.stores.contains_key(&url) {
            match SharedSchedules::new(&url) {
                Ok(schedules) => _ = self.stores.insert(url.clone(), schedules),
                Err(error) => {
                    let (fault, message) = ScheduleFault::Store(error).reported();
                    return self.not_run(Some(job), fault, message);
                }
            }
        }
        self.insurers.insert(tenant, Insurer { job, url, is_adopted: false });
    }

    fn not_run(&mut self, job: Option<Arc<Job>>, fault: Fault, message: Message) {
        (self.told)(Ended::NotRun { job, fault, message });
    }

    /// Leaves a tenant out from here on.
    fn leave_out(&mut self, tenant: &str, error: &ScheduleFault) {
        let (fault, message) = error.reported();
        let job = self.insurers.remove(tenant).map(|insurer| insurer.job);
        self.not_run(job, fault, message);
    }

    /// Asks a store, which may be about to change its server.
    fn ask<T>(
        &mut self,
        url: &str,
        mut question: impl FnMut(&mut SharedSchedules) -> Result<T, ScheduleFault>,
    ) -> Result<T, ScheduleFault> {
        let Some(store) = self.stores.get_mut(url) else {
            return Err(StoreError::Misuse("a job without its store".to_owned()).into());
        };
        for _ in 1..QUESTIONS {
            match question(store) {
                Err(ScheduleFault::Store(error @ StoreError::ServerUnreachable { .. })) => {
                    tracing::warn!("{error}");
                    thread::sleep(BETWEEN);
                }
                answered => return answered,
            }
        }
        question(store)
    }

    /// The next run to start. It is claimed, and recorded as running.
    fn next(&mut self) -> Option<RunRequest> {
        loop {
            if self.queue.is_empty() {
                self.queue = self.due();
            }
            // What was found due may have been taken by another meanwhile.
            let tenant = self.queue.pop_front()?;
            if let Some(request) = self.take(&tenant) {
                return Some(request);
            }
        }
    }

    /// The tenants of which something is to be decided, the longest waiting first.
    fn due(&mut self) -> VecDeque<String> {
        let urls = BTreeSet::from_iter(self.insurers.values().map(|insurer| insurer.url.clone()));
        let mut due = Vec::new();
        for url in urls {
            let (now, stored) = match self.ask(&url, |store| Ok(store.all()?)) {
                Ok(answered) => answered,
                Err(error) => {
                    let of_store = self.insurers.iter().filter(|(_, insurer)| insurer.url == url);
                    for tenant in Vec::from_iter(of_store.map(|(tenant, _)| tenant.clone())) {
                        self.leave_out(&tenant, &error);
                    }
                    continue;
                }
            };
            let stored: BTreeMap<&str, &StoredSchedule> =
                stored.iter().map(|stored| (stored.tenant.as_str(), stored)).collect();
            for (tenant, insurer) in self.insurers.iter().filter(|(_, known)| known.url == url) {
                let Some(timetable) = timetable(&insurer.job) else { continue };
                let decided = Tenant {
                    job: &insurer.job,
                    timetable,
                    terms: &self.settings.terms,
                    is_new: !insurer.is_adopted,
                };
                if !self.running.contains_key(tenant)
                    && let Some(at) = decided.due(stored.get(tenant.as_str()).copied(), now)
                {
                    due.push((at, tenant.clone()));
                }
            }
        }
        due.sort();
        due.into_iter().map(|(_, tenant)| tenant).collect()
    }

    fn take(&mut self, tenant: &str) -> Option<RunRequest> {
        let insurer = self.insurers.get_mut(tenant)?;
        let is_new = !std::mem::replace(&mut insurer.is_adopted, true);
        let (job, url) = (Arc::clone(&insurer.job), insurer.url.clone());
        let (terms, mut news) = (&self.settings.terms, (DateTime::default(), Vec::new()));
        let decided = Tenant { job: &job, timetable: timetable(&job)?, terms, is_new };
        let begun = match self.ask(&url, |store| decided.decide(store, &mut news)) {
            Ok(begun) => begun,
            // Another decides of it.
            Err(ScheduleFault::Store(StoreError::Locked { .. })) => return None,
            Err(error) => {
                self.leave_out(tenant, &error);
                return None;
            }
        };
        self.tell(&job, news);
        let Begun { claim, run, attempt, refused, wait_policy, now } = begun?;
        let date = claim.date;
        self.observer.log(&LogEntry::started(tenant, date, &run, attempt));
        let cancel = Cancel::new();
        let running = Running { claim: claim.clone(), run, cancel: cancel.clone() };
        self.running.insert(tenant.to_owned(), running);
        Some(RunRequest {
            job,
            purpose: Purpose::Scheduled,
            date,
            now,
            wait_policy,
            refused,
            data: self.settings.data.clone(),
            backup: true,
            cancel,
            claim: Some((terms.clone(), claim)),
        })
    }

    /// Reports what was decided.
    fn tell(&self, job: &Job, (now, news): (DateTime<Utc>, Vec<News>)) {
        for news in news {
            match news {
                News::Settled { run, date, outcome, rows } => {
                    let facts = facts(run, rows);
                    let what = match outcome {
                        RunOutcome::Refused => EventKind::Refused(facts),
                        _ => EventKind::Published(facts),
                    };
                    let event = notify::event(job, date, what);
                    notify::on_event(self.observer, job, &event, false, now);
                }
                News::Interrupted { run, date } => {
                    self.observer.log(&LogEntry::interrupted(&job.tenant, date, &run));
                }
                News::Tick(TickAction::Missed(scheduled)) => {
                    let date: NaiveDate = job.business_date(scheduled);
                    let message = log_entry::missed(job, scheduled, date);
                    notify::missed(self.observer, job, date, message, now);
                }
                News::Tick(TickAction::GivenUp(scheduled_run)) => {
                    notify::gave_up(self.observer, job, &scheduled_run, now);
                }
                News::Damaged(error) => {
                    let (tenant, message) = (Some(job.tenant.as_str()), error.message());
                    self.observer.log(&LogEntry::reports(Severity::Error, tenant, message));
                }
            }
        }
    }

    /// Writes how a run ended.
    fn finished(&mut self, finished: Finished) {
        let Finished { tenant, outcome, report } = finished;
        let Some(Running { claim, run, .. }) = self.running.remove(&tenant) else { return };
        let Some(insurer) = self.insurers.get(&tenant) else { return };
        let (job, url) = (Arc::clone(&insurer.job), insurer.url.clone());
        let Some(timetable) = timetable(&job) else { return };
        let terms = &self.settings.terms;
        let decided = Tenant { job: &job, timetable, terms, is_new: false };
        let recorded = self.ask(&url, |store| decided.record(store, (&claim, &run), &outcome));
        match recorded {
            Ok(Recorded::Done { after, state, now }) => {
                if let Some(report) = &report {
                    for fault in &report.report_files.faults {
                        let fault = fault.clone();
                        let entry = LogEntry::reports(Severity::Warning, Some(&tenant), fault);
                        self.observer.log(&entry);
                    }
                    notify::verdict(self.observer, &job, report, now);
                }
                notify::next_step(self.observer, &job, (after, &outcome), &state, now);
                (self.told)(Ended::Run { job, outcome, report });
            }
            Ok(Recorded::TakenOver) => {
                let error = StoreError::Fenced { date: claim.date, owner: claim.owner };
                self.not_run(Some(job), Fault::Busy, error.message());
            }
            // Whoever comes next reads from the store how it ended.
            Err(error) => self.leave_out(&tenant, &error),
        }
    }
}

fn facts(run: RunId, rows: u64) -> RunFacts {
    RunFacts {
        run,
        reasons: Vec::new(),
        causes: Vec::new(),
        all_causes: 0,
        findings: Vec::new(),
        rows,
        quarantined: 0,
        snapshot_date: None,
        report: None,
    }
}
