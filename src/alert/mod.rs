//! Telling people of refused, failed, late and recovered deliveries.
//!
//! Every runner of jobs reports each [`RunEvent`] to an [`AlertDispatcher`], at every poll if need be. `decide` finds what
//! is to be alerted, [`ledger`] stores it before anything is sent, and it is sent in the background ([`send`]): no dead
//! server and no hanging command can block or fail a run.

mod open_conditions;
mod dispatcher;
pub mod document;
mod event;
pub mod ledger;
mod markdown;
mod delivery_pass;
pub mod send;

pub use crate::config::job::AlertKind;
pub use delivery_pass::Fault;
pub use dispatcher::{AlertDispatcher, Unsent};
pub use document::Alert;
pub use event::{Cause, EventKind, RunEvent, RunFacts, TopFinding};
pub use ledger::LedgerError;
pub use markdown::markdown;
pub use open_conditions::{AlertDecision, OpenCondition, OpenConditions, decide};
