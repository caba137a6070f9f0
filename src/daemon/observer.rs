//! The observer of the scheduler, and the status of a tenant.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::alert::RunEvent;
use crate::config::job::Job;

use super::log_entry::LogEntry;
use super::plan::ScheduleState;

/// Receives log entries, events and statuses of the scheduler.
pub trait Observer {
    /// A line for the log.
    fn log(&self, log: &LogEntry);
    /// An event that may have to be alerted.
    fn on_event(&self, job: &Job, event: &RunEvent, now: DateTime<Utc>);
    /// A job was loaded; its alert channels are valid from now on.
    fn job_loaded(&self, job: &Job, now: DateTime<Utc>);
    /// Called after every tick with the status of each tenant.
    fn on_tick(&self, statuses: &[TenantStatus], now: DateTime<Utc>);
}

/// The status of a tenant.
#[derive(Debug, Clone)]
pub struct TenantStatus {
    /// Its job.
    pub job: Arc<Job>,
    /// Its schedule state; `None` if the job has no schedule.
    pub state: Option<ScheduleState>,
    /// The next scheduled time.
    pub next: Option<DateTime<Utc>>,
    /// Whether its job file is broken and its last good version in use.
    pub outdated: bool,
}
