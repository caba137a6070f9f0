//! A store on a PostgreSQL server, for several machines and many tenants.
//!
//! Only this module writes SQL to it. What becomes of a row is decided in memory by the same loops as for a file; this module
//! reads what they need and applies what follows, each by few statements over many rows.

mod address;
mod changed_key;
pub(super) mod claim;
mod copy;
mod copy_out;
pub(super) mod database;
mod derived_rows;
mod feed_changes;
mod feed_reading;
mod feed_writer;
mod headcount_rows;
mod layout;
mod recorded_findings;
mod recorded_runs;
mod run_records;
mod schedules;
pub(super) mod session;
mod snapshots;
mod staging;
mod tables;
mod transaction;
mod tree_rows;

pub use schedules::{LockedSchedule, SharedSchedules, StoredSchedule};
