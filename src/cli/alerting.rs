//! Alerts of the verbs that run once: they are sent at their end, in bounded time.

use std::time::Duration;

use orgsnap::alert::{AlertDispatcher, LedgerError, RunEvent};
use orgsnap::config::job::Job;

use super::environment::Environment;
use super::output;

/// Longest delay of the end of the program by alerts that cannot be sent.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The alert dispatcher of one call of orgsnap. A fault of alerting is a warning and never fails the run.
pub(super) struct Alerting<'a> {
    dispatcher: AlertDispatcher,
    environment: &'a Environment,
}

impl<'a> Alerting<'a> {
    pub(super) fn new(environment: &'a Environment) -> Alerting<'a> {
        Alerting { dispatcher: AlertDispatcher::new(&environment.data), environment }
    }

    /// Registers the job, so that alerts that an earlier call could not send are sent, too.
    pub(super) fn watch(&self, job: &Job) {
        // Without a ledger there is a warning and nothing to send.
        let _registered = self.warn(self.dispatcher.register(job, self.environment.now()));
    }

    /// Reports an event of the job to the dispatcher; returns whether somebody is alerted.
    pub(super) fn report(&self, job: &Job, event: &RunEvent) -> bool {
        self.warn(self.dispatcher.report(job, event, self.environment.now())).flatten().is_some()
    }

    /// Sends all pending alerts.
    pub(super) fn finish(self) {
        for message in self.dispatcher.flush(TIMEOUT).messages() {
            output::warn(self.environment, &message);
        }
    }

    fn warn<T>(&self, outcome: Result<T, LedgerError>) -> Option<T> {
        outcome.map_err(|error| output::warn(self.environment, &error.message())).ok()
    }
}
