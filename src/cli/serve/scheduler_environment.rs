//! The real outside of the daemon: the system's clock, threads for runs, and an inbox for all that happens.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use orgsnap::daemon::{CronTimer, Event, RunRequest, SchedulerEnvironment};
use orgsnap::fetch;
use orgsnap::model::Feed;
use orgsnap::pipeline::{self, Stage};
use tokio::runtime::Handle;

use super::super::environment::Environment;
use super::cron_timers::CronTimers;

/// Clock, threads and inbox.
pub(super) struct SystemEnvironment<'s> {
    environment: &'s Environment,
    runtime: Handle,
    timers: CronTimers,
    sender: Sender<Event>,
    inbox: Receiver<Event>,
}

impl<'s> SystemEnvironment<'s> {
    pub(super) fn new(
        environment: &'s Environment,
        runtime: Handle,
        sender: Sender<Event>,
        inbox: Receiver<Event>,
    ) -> SystemEnvironment<'s> {
        SystemEnvironment { environment, runtime, timers: CronTimers::default(), sender, inbox }
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
            tracing::warn!("the alarms could not be set, the scheduler wakes by itself: {error}");
        }
    }

    fn wait(&mut self, until: DateTime<Utc>) -> Event {
        let wait = (until - self.now()).to_std().unwrap_or(Duration::ZERO);
        match self.inbox.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::TimerFired,
            // We hold a sender ourselves; should it come to this, a daemon that hears nothing had better end.
            Err(RecvTimeoutError::Disconnected) => Event::Stop,
        }
    }
}

/// The stages of a run in the log, for those who ask for more.
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
}
