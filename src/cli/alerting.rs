//! Alerts of the verbs that run once: they are sent at their end, in bounded time.

use std::time::Duration;

use orgsnap::alert::{AlertDispatcher, LedgerError, RunEvent};
use orgsnap::config::job::Job;

use super::environment::Environment;
use super::output;

/// How long the end of the program may be held up by alerts that do not come out.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The dispatcher of one call of orgsnap. Nothing that goes wrong here fails the run; it becomes a warning.
pub(super) struct Alerting<'a> {
    dispatcher: AlertDispatcher,
    environment: &'a Environment,
}

impl<'a> Alerting<'a> {
    pub(super) fn new(environment: &'a Environment) -> Alerting<'a> {
        Alerting { dispatcher: AlertDispatcher::new(&environment.data), environment }
    }

    /// Takes up what an earlier call left unsent.
    pub(super) fn watch(&self, job: &Job) {
        self.warn(self.dispatcher.register(job, self.environment.now()));
    }

    /// Tells what happened.
    pub(super) fn report(&self, job: &Job, happening: &RunEvent) {
        self.warn(self.dispatcher.report(job, happening, self.environment.now()).map(|_| ()));
    }

    /// Sends what there is to send.
    pub(super) fn finish(self) {
        for message in self.dispatcher.flush(TIMEOUT).messages() {
            output::warn(self.environment, &message);
        }
    }

    fn warn(&self, outcome: Result<(), LedgerError>) {
        if let Err(error) = outcome {
            output::warn(self.environment, &error.message());
        }
    }
}
