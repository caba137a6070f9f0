//! The production environment of the scheduler: the system clock, a thread for each run, and an event channel.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use orgsnap::daemon::{CronTimer, Event, RunRequest, SchedulerEnvironment};
use orgsnap::fetch;
use orgsnap::model::{Feed, MigrationStep};
use orgsnap::pipeline::{self, Stage};
use orgsnap::report::{Language, formatting};
use tokio::runtime::Handle;

use super::super::environment::Environment;
use super::cron_timers::CronTimers;

/// System clock, threads and event channel.
pub(in super::super) struct SystemEnvironment<'s> {
    environment: &'s Environment,
    runtime: Handle,
    timers: CronTimers,
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl<'s> SystemEnvironment<'s> {
    pub(in super::super) fn new(
        environment: &'s Environment,
        runtime: Handle,
        sender: Sender<Event>,
        receiver: Receiver<Event>,
    ) -> SystemEnvironment<'s> {
        SystemEnvironment { environment, runtime, timers: CronTimers::default(), sender, receiver }
    }
}

impl SchedulerEnvironment for SystemEnvironment<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.environment.now()
    }

    fn start(&mut self, run_request: RunRequest) {
        let sender = self.sender.clone();
        let tenant = run_request.job.tenant.clone();
        let unstarted = run_request.clone();
        let run = move || {
            let finished = run_request.execute(&Stages { tenant: &run_request.job.tenant });
            // If the receiver is dropped, the daemon has ended; the run is in the database.
            let _ = sender.send(Event::Finished(Box::new(finished)));
        };
        if let Err(error) = thread::Builder::new().name(format!("run {tenant}")).spawn(run) {
            let finished = Box::new(unstarted.not_started(&error));
            let _ = self.sender.send(Event::Finished(finished));
        }
    }

    fn set_timers(&mut self, timers: &[CronTimer]) {
        if let Err(error) = self.runtime.block_on(self.timers.set(timers, &self.sender)) {
            tracing::warn!("the timers could not be set, the scheduler polls instead: {error}");
        }
    }

    fn wait(&mut self, until: DateTime<Utc>) -> Event {
        let wait = (until - self.now()).to_std().unwrap_or(Duration::ZERO);
        match self.receiver.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::TimerFired,
            // This cannot happen while `self.sender` exists. Without events the daemon could not be stopped, so it ends.
            Err(RecvTimeoutError::Disconnected) => Event::Stop,
        }
    }
}

/// Logs the stages of a run at debug level.
struct Stages<'t> {
    tenant: &'t str,
}

impl fetch::Progress for Stages<'_> {
    fn file(&self, feed: Feed, total: Option<u64>) {
        tracing::debug!(tenant = self.tenant, feed = feed.name(), total, "file");
    }

    fn bytes(&self, _feed: Feed, _n: u64) {}
}

impl pipeline::Progress for Stages<'_> {
    fn stage(&self, stage: Stage) {
        tracing::debug!(tenant = self.tenant, stage = stage.name(), "stage");
    }

    fn migration(&self, step: MigrationStep) {
        // One line for the copy is enough.
        if !matches!(step, MigrationStep::Backup { percent: 1.. }) {
            let step = formatting::migration(Language::English, step);
            tracing::info!(tenant = self.tenant, "{step}");
        }
    }
}
