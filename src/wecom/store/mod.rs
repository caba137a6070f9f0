//! `wecom.db`: every callback verbatim, durable before it is acknowledged, and the state that follows.
//!
//! The file is apart from `org.db`, so that a callback never waits for a publication. One writer thread a tenant
//! gathers what has arrived while the last commit went to disk and commits it as one transaction (group commit): each
//! event is durable when it is answered, though the disk is asked far less often than once an event.

mod connection;
mod dictionary;
mod error;
mod event_store;
mod events;
mod reader;
mod rebuild;
mod received;
mod writer;

pub use connection::DATABASE;
pub use error::WecomStoreError;
pub use event_store::EventStore;
pub use reader::{Body, EventQuery, EventReader, Query, StoredEvent};
pub use rebuild::{RebuildSummary, rebuild};
pub use received::{Endpoint, ReceivedEvent, Stored};
