//! Every job at its time: the night without anyone.
//!
//! What is due is decided purely, in `plan`, from what is remembered and the time. A [`Scheduler`] takes the
//! turns of all insurers and keeps a ledger for each, so that being killed neither forgets a run nor doubles
//! one; it starts nothing and waits for nothing itself. [`attend`] is the loop around it, in whatever
//! [`Outside`] there is: a real clock and threads, or a simulated night.

mod attend;
mod jobs;
pub mod ledger;
mod notes;
mod observer;
mod past;
pub mod plan;
mod run;
mod scheduler;
mod tell;

#[cfg(test)]
mod plan_tests;

pub use attend::{Event, GRACE, Outside, attend};
pub use jobs::Env;
pub use notes::{Note, Tone};
pub use observer::{Observer, Standing};
pub use run::{Finished, Order};
pub use scheduler::{Alarm, Scheduler, Settings};
