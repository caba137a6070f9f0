//! `wecom.db`: every callback verbatim, durable before it is acknowledged, and the state derived from them.
//!
//! It is a file of its own, so that a callback never waits for a publication in `org.db`. One writer thread a tenant
//! commits all events that arrived during the last commit as one transaction (group commit): each event is durable
//! when it is answered, with far fewer flushes than events.

mod backup;
mod connection;
mod dictionary;
mod error;
mod event_store;
mod events;
mod reader;
mod rebuild;
mod received;
mod writer;

pub use backup::backup;
pub use connection::DATABASE;
pub(in crate::wecom) use connection::{open, open_existing};
pub use error::WecomStoreError;
pub use event_store::EventStore;
pub use reader::{Body, EventQuery, EventReader, Query, StoredEvent};
pub use rebuild::{RebuildSummary, rebuild};
pub use received::{Endpoint, ReceivedEvent, Stored};
