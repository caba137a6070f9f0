//! The loop of the daemon: a turn, the runs it asks for, and a wait for whatever comes first.

use chrono::{DateTime, TimeDelta, Utc};

use super::log_entry::LogEntry;
use super::observer::Observer;
use super::run::{Finished, RunRequest};
use super::scheduler::{CronTimer, Scheduler};

/// What the daemon lives in: a clock, and somewhere to run things. The real one is made by the command line;
/// a test has a night go by in seconds.
pub trait SchedulerEnvironment {
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// Starts a run, whose end comes as [`Event::Finished`].
    fn start(&mut self, run_request: RunRequest);
    /// Has these ring from now on, as [`Event::TimerFired`], and no others.
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

/// Runs under way get so long to end when the daemon is to.
pub const SHUTDOWN_TIMEOUT: TimeDelta = TimeDelta::seconds(7);

/// Attends to all insurers until it is told to stop. Returns the number of runs that did not end in time;
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
