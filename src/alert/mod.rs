//! Telling people of refused, failed, late and recovered deliveries.
//!
//! Whoever runs a job tells a [`Desk`] each [`Happening`], at every poll if need be. `decide` finds what
//! is news, [`ledger`] keeps it before anything is said, and it is sent in the background ([`send`]): no dead
//! server and no hanging command can block or fail a run.

mod decide;
mod desk;
pub mod document;
mod happening;
pub mod ledger;
mod markdown;
mod round;
pub mod send;

pub use crate::config::job::AlertKind;
pub use decide::{News, Trouble, Troubles, decide};
pub use desk::{Desk, Unsent};
pub use document::Alert;
pub use happening::{Cause, Happening, RunFacts, TopFinding, What};
pub use ledger::LedgerError;
pub use markdown::markdown;
pub use round::Fault;
