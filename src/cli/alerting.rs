//! Alerts of the verbs that run once: what is news is told at their end, in bounded time.

use std::time::Duration;

use orgsnap::alert::{Desk, Happening, LedgerError};
use orgsnap::config::job::Job;

use super::output;
use super::surroundings::Surroundings;

/// How long the end of the program may be held up by alerts that do not come out.
const PATIENCE: Duration = Duration::from_secs(15);

/// The desk of one call of orgsnap. Nothing that goes wrong here fails the run; it is told as a warning.
pub(super) struct Alerting<'a> {
    desk: Desk,
    surroundings: &'a Surroundings,
}

impl<'a> Alerting<'a> {
    pub(super) fn new(surroundings: &'a Surroundings) -> Alerting<'a> {
        Alerting { desk: Desk::new(&surroundings.data), surroundings }
    }

    /// Takes up what an earlier call left unsent.
    pub(super) fn watch(&self, job: &Job) {
        self.warn(self.desk.watch(job, self.surroundings.now()));
    }

    /// Tells what happened.
    pub(super) fn report(&self, job: &Job, happening: &Happening) {
        self.warn(self.desk.report(job, happening, self.surroundings.now()).map(|_| ()));
    }

    /// Sends what there is to send.
    pub(super) fn finish(self) {
        for message in self.desk.flush(PATIENCE).messages() {
            output::warn(self.surroundings, &message);
        }
    }

    fn warn(&self, outcome: Result<(), LedgerError>) {
        if let Err(error) = outcome {
            output::warn(self.surroundings, &error.message());
        }
    }
}
