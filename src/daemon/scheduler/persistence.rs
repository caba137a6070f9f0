//! The ledgers of the insurers: restored when a job is loaded, written at every change.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::job::Job;

use super::super::interrupted_run;
use super::super::ledger::{self, Entry, LedgerError};
use super::super::log_entry::{LogEntry, Severity};
use super::super::plan::{ScheduleState, Timetable};
use super::{Scheduler, next};

impl Scheduler<'_> {
    /// The schedule state of an insurer's ledger, adapted to the present job, and the entry as it was read.
    pub(super) fn restore(
        &self,
        job: &Arc<Job>,
        timetable: &Timetable<'_>,
        folder: &Path,
        now: DateTime<Utc>,
    ) -> (Option<ScheduleState>, Option<Entry>) {
        match ledger::read(folder) {
            Ok(None) => (Some(ScheduleState::new(timetable, now)), None),
            Ok(Some(entry)) => {
                let mut state = entry.state.clone();
                interrupted_run::settle(&mut state, job, timetable, folder, self.observer, now);
                state.adopt(timetable, now);
                (Some(state), Some(entry))
            }
            Err(error) => {
                let log = LogEntry::reports(Severity::Error, Some(&job.tenant), error.message());
                self.observer.log(&log);
                match error {
                    // A file of a newer program is not overwritten.
                    LedgerError::Newer { .. } => (None, None),
                    _ => (Some(ScheduleState::new(timetable, now)), None),
                }
            }
        }
    }

    /// Writes the ledger if the entry has changed.
    pub(super) fn save(&mut self, tenant: &str, now: DateTime<Utc>) {
        let job_file = self.folder.problem(tenant).cloned();
        let Some(insurer) = self.insurers.get_mut(tenant) else { return };
        let Some(state) = insurer.state.clone() else { return };
        let entry = Entry { state, next: next(insurer, now), job_file };
        if insurer.saved.as_ref() == Some(&entry) {
            return;
        }
        match ledger::write(&self.settings.data.join(tenant), &entry) {
            Ok(()) => {
                insurer.saved = Some(entry);
                insurer.unwritable = false;
            }
            // It is retried at the next tick; a failure to record a run must not stop it.
            Err(error) => {
                if !std::mem::replace(&mut insurer.unwritable, true) {
                    let log = LogEntry::reports(Severity::Error, Some(tenant), error.message());
                    self.observer.log(&log);
                }
            }
        }
    }

    /// Removes the next scheduled time from a ledger: the job has no schedule any more.
    pub(super) fn clear_next(&self, tenant: &str) {
        let folder = self.settings.data.join(tenant);
        if let Ok(Some(entry)) = ledger::read(&folder)
            && entry.next.is_some()
            && let Err(error) = ledger::write(&folder, &Entry { next: None, ..entry })
        {
            self.observer.log(&LogEntry::reports(Severity::Warning, Some(tenant), error.message()));
        }
    }

    /// Removes an insurer from the scheduler. Its ledger stays, without a next scheduled time.
    pub(super) fn remove(&mut self, tenant: &str) {
        let Some(insurer) = self.insurers.remove(tenant) else { return };
        let Some(state) = insurer.state else { return };
        let entry = Entry { state, next: None, job_file: None };
        if let Err(error) = ledger::write(&self.settings.data.join(tenant), &entry) {
            self.observer.log(&LogEntry::reports(Severity::Warning, Some(tenant), error.message()));
        }
    }
}
