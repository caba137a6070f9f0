//! The loop of the daemon: a tick, the runs that it requests, and a wait for the next event.

use chrono::{DateTime, TimeDelta, Utc};

use super::log_entry::LogEntry;
use super::observer::Observer;
use super::run::{Finished, RunRequest};
use super::scheduler::{CronTimer, Scheduler};

/// The environment of the daemon: a clock, and threads to run jobs in. The real one is in the command line;
/// tests simulate one.
pub trait SchedulerEnvironment {
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// Starts a run, whose end comes as [`Event::Finished`].
    fn start(&mut self, run_request: RunRequest);
    /// Replaces the timers; each sends [`Event::TimerFired`] when it fires.
    fn set_timers(&mut self, timers: &[CronTimer]);
    /// Waits for an event, at most until `until`.
    fn wait(&mut self, until: DateTime<Utc>) -> Event;
}

/// What ends a wait.
#[derive(Debug)]
pub enum Event {
    /// The time has come.
    TimerFired,
    /// A run is over.
    Finished(Box<Finished>),
    /// The daemon is to end.
    Stop,
}

/// How long runs under way may take to end at shutdown.
pub const SHUTDOWN_TIMEOUT: TimeDelta = TimeDelta::seconds(7);

/// Runs the jobs of all insurers until [`Event::Stop`]. Returns the number of runs that did not end in time;
/// what they have not committed is undone when the process ends. A second [`Event::Stop`] waits no longer.
pub fn run_event_loop(
    scheduler: &mut Scheduler<'_>,
    environment: &mut dyn SchedulerEnvironment,
    observer: &dyn Observer,
) -> usize {
    let mut timers = Vec::new();
    loop {
        for run_request in scheduler.tick(environment.now()) {
            environment.start(run_request);
        }
        let wanted = scheduler.timers();
        if wanted != timers {
            environment.set_timers(&wanted);
            timers = wanted;
        }
        match environment.wait(scheduler.wake(environment.now())) {
            Event::TimerFired => {}
            Event::Finished(finished) => scheduler.finished(*finished, environment.now()),
            Event::Stop => break,
        }
    }
    observer.log(&LogEntry::stopping(scheduler.running()));
    scheduler.stop();
    let end = environment.now() + SHUTDOWN_TIMEOUT;
    while scheduler.running() > 0 && environment.now() < end {
        match environment.wait(end) {
            Event::TimerFired => {}
            Event::Finished(finished) => scheduler.finished(*finished, environment.now()),
            Event::Stop => break,
        }
    }
    observer.log(&LogEntry::stopped(scheduler.running()));
    scheduler.running()
}
