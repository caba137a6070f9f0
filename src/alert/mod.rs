//! Telling people of refused, failed, late and recovered deliveries.
//!
//! Whoever runs a job tells a [`Desk`] each [`Happening`], at every poll if need be. The desk decides what
//! is news, keeps it in the tenant's ledger before it says anything, and sends it in the background: no
//! dead server and no hanging command can block or fail a run.

mod desk;
mod happening;

pub use crate::config::job::AlertKind;
pub use desk::Desk;
pub use happening::{Cause, Happening, RunFacts, TopFinding, What};
