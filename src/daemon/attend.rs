//! The loop of the daemon: a turn, the runs it asks for, and a wait for whatever comes first.

use chrono::{DateTime, TimeDelta, Utc};

use super::notes::Note;
use super::observer::Observer;
use super::run::{Finished, Order};
use super::scheduler::{Alarm, Scheduler};

/// What the daemon lives in: a clock, and somewhere to run things. The real one is made by the command line;
/// a test has a night go by in seconds.
pub trait Outside {
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// Starts a run, whose end comes as [`Event::Finished`].
    fn start(&mut self, order: Order);
    /// Has these ring from now on, as [`Event::Rang`], and no others.
    fn set_alarms(&mut self, alarms: &[Alarm]);
    /// Waits for an event, at most until `until`.
    fn wait(&mut self, until: DateTime<Utc>) -> Event;
}

/// What ends a wait.
#[derive(Debug)]
pub enum Event {
    /// The time has come.
    Rang,
    /// A run is over.
    Finished(Box<Finished>),
    /// The daemon is to end.
    Stop,
}

/// Runs under way get so long to end when the daemon is to.
pub const GRACE: TimeDelta = TimeDelta::seconds(7);

/// Attends to all insurers until it is told to stop. Returns the number of runs that did not end in time;
/// what they have not committed is undone when the process ends. A second [`Event::Stop`] waits no longer.
pub fn attend(
    scheduler: &mut Scheduler<'_>,
    outside: &mut dyn Outside,
    observer: &dyn Observer,
) -> usize {
    let mut alarms = Vec::new();
    loop {
        for order in scheduler.turn(outside.now()) {
            outside.start(order);
        }
        let wanted = scheduler.alarms();
        if wanted != alarms {
            outside.set_alarms(&wanted);
            alarms = wanted;
        }
        match outside.wait(scheduler.wake(outside.now())) {
            Event::Rang => {}
            Event::Finished(finished) => scheduler.finished(*finished, outside.now()),
            Event::Stop => break,
        }
    }
    observer.note(&Note::stopping(scheduler.running()));
    scheduler.stop();
    let end = outside.now() + GRACE;
    while scheduler.running() > 0 && outside.now() < end {
        match outside.wait(end) {
            Event::Rang => {}
            Event::Finished(finished) => scheduler.finished(*finished, outside.now()),
            Event::Stop => break,
        }
    }
    observer.note(&Note::stopped(scheduler.running()));
    scheduler.running()
}
