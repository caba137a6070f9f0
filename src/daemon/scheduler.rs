//! The scheduler: what happens at each turn to the job files, the tracks and the runs of all insurers.
//!
//! It starts nothing and waits for nothing: a turn is given the time and returns the runs that are to be
//! started; whoever carries them out reports back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::alert::What;
use crate::config::job::Job;
use crate::model::Cancel;
use crate::pipeline::{Patience, run_id};

use super::jobs::{Change, Env, JobFolder};
use super::ledger::{self, Entry, LedgerError};
use super::notes::{self, Note, Tone};
use super::observer::{Observer, Standing};
use super::past;
use super::plan::{After, Ending, Timetable, Track, Turn};
use super::run::{Finished, Order};
use super::tell;

/// What holds for all insurers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of job files.
    pub jobs: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// So many insurers run side by side, at least one.
    pub most_running: usize,
    /// How often the folder of job files is looked at.
    pub poll: TimeDelta,
}

/// A cron expression that is to ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
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
    track: Option<Track>,
    running: Option<Running>,
    /// What the ledger says.
    saved: Option<Entry>,
    /// Whether it was told that the ledger cannot be written.
    unwritable: bool,
    /// Its job file went while a run was under way.
    gone: bool,
}

struct Running {
    job: Arc<Job>,
    cancel: Cancel,
}

impl<'o> Scheduler<'o> {
    /// Nothing is read before the first turn.
    pub fn new(settings: Settings, env: &'o Env, observer: &'o dyn Observer) -> Scheduler<'o> {
        let folder = JobFolder::new(settings.jobs.clone());
        Scheduler { settings, folder, env, observer, insurers: BTreeMap::new(), stopping: false }
    }

    /// Takes up what is new, and returns the runs to start. Each of them is noted in its ledger as begun.
    pub fn turn(&mut self, now: DateTime<Utc>) -> Vec<Order> {
        if self.stopping {
            return Vec::new();
        }
        for change in self.folder.look(self.env) {
            self.take_up(change, now);
        }
        for tenant in self.tenants() {
            self.advance(&tenant, now);
        }
        let orders = self.start_what_is_due(now);
        for tenant in self.tenants() {
            self.save(&tenant, now);
        }
        let standings: Vec<Standing> = self.standings(now);
        self.observer.turned(&standings, now);
        orders
    }

    /// Takes the end of a run.
    pub fn finished(&mut self, finished: Finished, now: DateTime<Utc>) {
        let Finished { tenant, ending, report, aside } = finished;
        let Some(insurer) = self.insurers.get_mut(&tenant) else { return };
        let Some(Running { job, .. }) = insurer.running.take() else { return };
        if let Some(message) = aside {
            self.observer.note(&Note::told(Tone::Warning, Some(&tenant), message));
        }
        if let Some(report) = &report {
            tell::verdict(self.observer, &job, report, now);
        }
        // What a job file says that was changed meanwhile holds from here on.
        let timetable = timetable(&insurer.job).or_else(|| timetable(&job));
        if let (Some(track), Some(timetable)) = (&mut insurer.track, timetable) {
            let after = track.finish(&timetable, &ending, now);
            match (after, &ending) {
                (After::Again(at), Ending::Without { lack, message, .. }) => {
                    self.observer.note(&Note::again(&job, *lack, message, at));
                }
                (After::Again(at), Ending::Refused) => {
                    self.observer.note(&Note::corrected_awaited(&job, at));
                }
                (After::GaveUp, _) => {
                    if let Some(errand) = &track.errand {
                        tell::gave_up(self.observer, &job, errand, now);
                    }
                }
                (After::Done | After::Again(_), _) => {}
            }
        }
        if insurer.gone {
            self.forget(&tenant);
        } else {
            self.save(&tenant, now);
        }
    }

    /// Begins no run any more and asks those under way to end.
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

    /// When the next turn is to be, if nothing happens before.
    pub fn wake(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let poll = now + self.settings.poll;
        let wakes = self
            .insurers
            .values()
            .filter_map(|insurer| insurer.track.as_ref()?.wake(&timetable(&insurer.job)?));
        // What is due and was not started waits for the end of a run, which wakes us too.
        wakes.filter(|wake| *wake > now).min().map_or(poll, |wake| wake.min(poll))
    }

    /// The cron expressions of all jobs, each once.
    pub fn alarms(&self) -> Vec<Alarm> {
        let alarm = |insurer: &Insurer| {
            let cron = insurer.job.schedule.as_ref()?.cron.text().to_owned();
            Some(Alarm { cron, zone: insurer.job.timezone })
        };
        let mut alarms: Vec<Alarm> = self.insurers.values().filter_map(alarm).collect();
        alarms.sort_by(|a, b| (&a.cron, a.zone.name()).cmp(&(&b.cron, b.zone.name())));
        alarms.dedup();
        alarms
    }

    fn tenants(&self) -> Vec<String> {
        self.insurers.keys().cloned().collect()
    }

    fn standings(&self, now: DateTime<Utc>) -> Vec<Standing> {
        let standing = |(tenant, insurer): (&String, &Insurer)| Standing {
            job: Arc::clone(&insurer.job),
            track: insurer.track.clone(),
            next: next(insurer, now),
            outdated: self.folder.problem(tenant).is_some(),
        };
        self.insurers.iter().map(standing).collect()
    }

    fn take_up(&mut self, change: Change, now: DateTime<Utc>) {
        match change {
            Change::Taken(job) => self.take_job(job, now),
            Change::Mended(job) => self.job_file_read(&job, now),
            Change::Gone { tenant } => {
                self.observer.note(&Note::job_gone(&tenant));
                match self.insurers.get_mut(&tenant) {
                    Some(insurer) if insurer.running.is_some() => insurer.gone = true,
                    _ => self.forget(&tenant),
                }
            }
            Change::Broken { kept, message } => {
                self.observer.note(&Note::job_broken(kept.as_deref(), &message));
                if let Some(job) = kept {
                    let what = What::JobFileBroken { message };
                    self.happened(&job, what, now);
                }
            }
            Change::Unreadable(message) => {
                self.observer.note(&Note::told(Tone::Error, None, message));
            }
        }
    }

    fn take_job(&mut self, job: Arc<Job>, now: DateTime<Utc>) {
        let tenant = job.tenant.clone();
        for warning in &job.warnings {
            self.observer.note(&Note::told(Tone::Warning, Some(&tenant), warning.clone()));
        }
        self.observer.watching(&job, now);
        self.job_file_read(&job, now);
        let known = self.insurers.remove(&tenant);
        let mut insurer = known.unwrap_or_else(|| Insurer {
            job: Arc::clone(&job),
            track: None,
            running: None,
            saved: None,
            unwritable: false,
            gone: false,
        });
        insurer.job = Arc::clone(&job);
        insurer.gone = false;
        match (timetable(&job), &mut insurer.track) {
            // A run under way ends before its track does.
            (None, _) if insurer.running.is_some() => {}
            (None, track) => {
                *track = None;
                self.retire(&tenant);
            }
            (Some(timetable), Some(track)) => track.adopt(&timetable, now),
            (Some(timetable), track) => {
                let folder = self.settings.data.join(&tenant);
                let (remembered, saved) = self.remember(&job, &timetable, &folder, now);
                *track = remembered;
                insurer.saved = saved;
            }
        }
        self.observer.note(&Note::job_taken(&job, next(&insurer, now)));
        self.insurers.insert(tenant, insurer);
    }

    /// What the ledger remembers of an insurer, brought up to the job as it reads now.
    fn remember(
        &self,
        job: &Arc<Job>,
        timetable: &Timetable<'_>,
        folder: &Path,
        now: DateTime<Utc>,
    ) -> (Option<Track>, Option<Entry>) {
        match ledger::read(folder) {
            Ok(None) => (Some(Track::new(timetable, now)), None),
            Ok(Some(entry)) => {
                let mut track = entry.track.clone();
                past::settle_what_was_cut_short(
                    &mut track,
                    job,
                    timetable,
                    folder,
                    self.observer,
                    now,
                );
                track.adopt(timetable, now);
                (Some(track), Some(entry))
            }
            Err(error) => {
                let note = Note::told(Tone::Error, Some(&job.tenant), error.message());
                self.observer.note(&note);
                match error {
                    // What a newer program remembers is not to be overwritten.
                    LedgerError::Newer { .. } => (None, None),
                    _ => (Some(Track::new(timetable, now)), None),
                }
            }
        }
    }

    fn job_file_read(&self, job: &Job, now: DateTime<Utc>) {
        self.happened(job, What::JobFileRead, now);
    }

    fn happened(&self, job: &Job, what: What, now: DateTime<Utc>) {
        let happening = tell::happening(job, job.business_date(now), what);
        self.observer.happened(job, &happening, now);
    }

    fn advance(&mut self, tenant: &str, now: DateTime<Utc>) {
        let Some(insurer) = self.insurers.get_mut(tenant) else { return };
        let (Some(track), Some(timetable)) = (&mut insurer.track, timetable(&insurer.job)) else {
            return;
        };
        for turn in track.advance(&timetable, now) {
            match turn {
                Turn::Missed(scheduled) => {
                    let folder = self.settings.data.join(tenant);
                    let date = insurer.job.business_date(scheduled);
                    if !past::is_published(&folder, date) {
                        let message = notes::missed(&insurer.job, scheduled, date);
                        tell::missed(self.observer, &insurer.job, date, message, now);
                    }
                }
                Turn::GaveUp(errand) => tell::gave_up(self.observer, &insurer.job, &errand, now),
            }
        }
    }

    fn start_what_is_due(&mut self, now: DateTime<Utc>) -> Vec<Order> {
        let free = self.settings.most_running.max(1).saturating_sub(self.running());
        let due = |(tenant, insurer): (&String, &Insurer)| {
            let at = insurer.track.as_ref()?.due_at().filter(|at| *at <= now)?;
            insurer.running.is_none().then(|| (at, tenant.clone()))
        };
        let mut due: Vec<(DateTime<Utc>, String)> = self.insurers.iter().filter_map(due).collect();
        // Who waits longest comes first.
        due.sort();
        due.truncate(free);
        due.into_iter().filter_map(|(_, tenant)| self.begin(&tenant, now)).collect()
    }

    fn begin(&mut self, tenant: &str, now: DateTime<Utc>) -> Option<Order> {
        let insurer = self.insurers.get_mut(tenant)?;
        let track = insurer.track.as_mut()?;
        let date = track.errand.as_ref()?.date;
        if let (Some(refused), Some(timetable)) =
            (&track.errand.as_ref()?.refused, timetable(&insurer.job))
            && past::is_published_since(&self.settings.data.join(tenant), date, refused)
        {
            track.finish(&timetable, &Ending::Published, now);
            return None;
        }
        let run = run_id(tenant, now, date);
        let patience = match track.begin(run.clone(), now) {
            true => Patience::LooksAgain,
            false => Patience::LastLook,
        };
        let errand = track.errand.as_ref()?;
        let (attempt, refused) = (errand.attempts, errand.refused.clone());
        let (job, cancel) = (Arc::clone(&insurer.job), Cancel::new());
        insurer.running = Some(Running { job: Arc::clone(&job), cancel: cancel.clone() });
        // Whoever reads that the run begins finds it in the ledger, whatever happens next.
        self.save(tenant, now);
        self.observer.note(&Note::started(tenant, date, &run, attempt));
        Some(Order { job, date, now, patience, refused, data: self.settings.data.clone(), cancel })
    }

    /// Writes the ledger if there is anything new in it.
    fn save(&mut self, tenant: &str, now: DateTime<Utc>) {
        let job_file = self.folder.problem(tenant).cloned();
        let Some(insurer) = self.insurers.get_mut(tenant) else { return };
        let Some(track) = insurer.track.clone() else { return };
        let entry = Entry { track, next: next(insurer, now), job_file };
        if insurer.saved.as_ref() == Some(&entry) {
            return;
        }
        match ledger::write(&self.settings.data.join(tenant), &entry) {
            Ok(()) => {
                insurer.saved = Some(entry);
                insurer.unwritable = false;
            }
            // It is tried again at the next turn; a run is worth more than what is remembered of it.
            Err(error) => {
                if !std::mem::replace(&mut insurer.unwritable, true) {
                    let note = Note::told(Tone::Error, Some(tenant), error.message());
                    self.observer.note(&note);
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
            self.observer.note(&Note::told(Tone::Warning, Some(tenant), error.message()));
        }
    }

    /// Runs a tenant no more. Its ledger stays and says that nothing comes next.
    fn forget(&mut self, tenant: &str) {
        let Some(insurer) = self.insurers.remove(tenant) else { return };
        let Some(track) = insurer.track else { return };
        let entry = Entry { track, next: None, job_file: None };
        if let Err(error) = ledger::write(&self.settings.data.join(tenant), &entry) {
            self.observer.note(&Note::told(Tone::Warning, Some(tenant), error.message()));
        }
    }
}

fn timetable(job: &Job) -> Option<Timetable<'_>> {
    Some(Timetable { schedule: job.schedule.as_ref()?, zone: job.timezone })
}

/// The next scheduled time of an insurer that is run by time.
fn next(insurer: &Insurer, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let track = insurer.track.as_ref()?;
    timetable(&insurer.job)?.next_after(track.handled.max(now))
}
