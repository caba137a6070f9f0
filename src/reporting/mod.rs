//! The report files of a job's runs: which, where, for how long, and the copy for the insurer's server.
//!
//! Whoever starts a run hands a [`JobReporter`] to the pipeline, which calls it once the run has its verdict. Nothing
//! that goes wrong here changes that verdict; it is among the faults of the files.

mod job_reporter;
mod reply;
mod retention;

pub use job_reporter::{JobReporter, reports_folder};
