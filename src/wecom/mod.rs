//! WeCom callbacks: what comes in, what is kept of it.
//!
//! A callback becomes a [`store::ReceivedEvent`], is stored in `wecom.db` before it is acknowledged, and changes the
//! state tables in the same transaction. [`event`] reads the decrypted text, [`state`] knows what an event does to
//! members, departments, tags and customers, [`store`] owns the file.

pub mod event;
pub mod state;
pub mod store;
