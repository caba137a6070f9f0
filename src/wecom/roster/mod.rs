//! The members of WeCom, compared with the roster of the newest snapshot and with what the callbacks say.
//!
//! Read-only towards WeCom. [`compare`](Comparison) is pure and lets everything but the list pass by; [`Scope`] tells a list
//! that is short from members who left; [`RosterStore`] keeps the differences with their days in `wecom.db`.

mod accounts;
mod checks;
mod compare;
mod difference;
mod error;
mod found;
mod reconcile;
mod scope;
mod store;

pub use checks::{Changed, Check, DoneCheck, LastCheck};
pub use compare::{Comparison, Members, Person, Standing, ToldMember};
pub use difference::{Difference, DifferenceKind, PersonDetail};
pub use error::RosterError;
pub use found::Found;
pub use reconcile::{Reconciled, Reconciliation};
pub use scope::{Departments, Narrowed, Scope};
pub use store::{RosterStore, StoredDifference, Unalerted};
