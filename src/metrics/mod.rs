//! What a monitoring system asks for: how each tenant stands, and the same as Prometheus text.
//!
//! A [`TenantStatus`] is read from the tenant's database and ledger; what only a scheduler knows stands in its
//! [`Plan`]. A [`StatusBoard`] keeps them at hand, so that asking often costs nothing and waits for nobody.
//! [`CallbackCounts`] counts what comes to the callbacks' addresses.

mod status_board;
mod callbacks;
mod prometheus;
mod status;

pub use callbacks::CallbackCounts;
pub use prometheus::{CONTENT_TYPE, render};
pub use status::{Database, Plan, TenantStatus};
pub use status_board::StatusBoard;
