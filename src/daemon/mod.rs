//! Runs every job at its scheduled time.
//!
//! What is due is decided purely, in `plan`, from what is remembered and the time. A [`Scheduler`] takes the
//! turns of all insurers and keeps a ledger for each, so that being killed neither forgets a run nor doubles
//! one; it starts nothing and waits for nothing itself. [`run_event_loop`] is the loop around it, in whatever
//! [`SchedulerEnvironment`] there is: a real clock and threads, or a simulated one.

mod event_loop;
mod jobs;
pub mod ledger;
mod log_entry;
mod observer;
mod interrupted_run;
pub mod plan;
mod run;
mod scheduler;
mod notify;

#[cfg(test)]
mod plan_tests;

pub use event_loop::{Event, SHUTDOWN_TIMEOUT, SchedulerEnvironment, run_event_loop};
pub use jobs::Env;
pub use log_entry::{LogEntry, Severity};
pub use observer::{Observer, TenantStatus};
pub use run::{Finished, RunRequest};
pub use scheduler::{CronTimer, Scheduler, Settings};
