//! What a monitoring system asks for: how each tenant stands, and the same as Prometheus text.
//!
//! A [`TenantStatus`] is read from the tenant's database and ledger; what only a scheduler knows is in its
//! [`Plan`]. A [`StatusBoard`] caches them, so that frequent requests are cheap and never block.
//! [`CallbackCounts`] counts what comes to the callbacks' addresses.

mod status_board;
mod callbacks;
mod prometheus;
mod status;

pub use callbacks::CallbackCounts;
pub use prometheus::{CONTENT_TYPE, render};
pub use status::{Database, Plan, TenantStatus};
pub use status_board::StatusBoard;
