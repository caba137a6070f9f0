//! `session.db`: the messages of the session archive, and how far they are pulled.
//!
//! A file of its own, closed to others, because those who may read the hierarchy may not read conversations. What one
//! answer of WeCom's brings is stored in one transaction, together with the number to go on from: a pull that is killed
//! loses nothing and repeats nothing.

mod again;
mod batch;
mod connection;
mod dictionary;
mod error;
mod files;
mod session_store;

pub(super) use batch::{Batch, Reason, StoredMessage, Undecrypted};
pub use connection::{DATABASE, backup};
pub use error::SessionStoreError;
pub(super) use files::{FileState, WantedFile};
pub use session_store::SessionStore;
pub(super) use session_store::{Progress, UndecryptedCount};
