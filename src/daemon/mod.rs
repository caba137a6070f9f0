//! Runs every job at its scheduled time.
//!
//! `plan` decides which run is due, as a pure function of the stored state and the time. A [`Scheduler`] does so for
//! all insurers and keeps a ledger file for each, so that after a kill no run is forgotten and none is done twice. It
//! starts no thread and does not sleep: [`run_event_loop`] does, through a [`SchedulerEnvironment`], which has a
//! real clock and threads in production and simulated ones in tests. `run_claimed` takes what is due beside other machines,
//! by the same plan; there each run is claimed in the store they share.

#[cfg(feature = "postgres")]
mod claimed_runs;
#[cfg(feature = "postgres")]
mod claimed_schedule;
mod event_loop;
mod jobs;
pub mod ledger;
mod log_entry;
mod make_up;
mod observer;
mod interrupted_run;
pub mod plan;
mod run;
mod scheduler;
mod notify;

#[cfg(test)]
mod plan_tests;

#[cfg(feature = "postgres")]
pub use claimed_runs::{ClaimSettings, Ended, run_claimed};
pub use event_loop::{Event, SHUTDOWN_TIMEOUT, SchedulerEnvironment, run_event_loop};
pub use jobs::{Env, job_files};
pub use log_entry::{LogEntry, Severity};
pub use observer::{Observer, TenantStatus};
pub use run::{Finished, Purpose, RunRequest};
pub use scheduler::{CronTimer, Scheduler, Settings};
