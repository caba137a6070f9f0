//! WeCom callbacks: what comes in, what is kept of it.
//!
//! A callback becomes a [`store::ReceivedEvent`], is stored in `wecom.db` before it is acknowledged, and changes the
//! state tables in the same transaction. [`event`] reads the decrypted text, [`state`] knows what an event does to
//! members, departments, tags and customers, [`store`] owns the file.
//!
//! Before that, [`receive`] makes sure that a request is WeCom's: [`envelope`] finds the ciphertext in its body,
//! [`crypto`] checks and opens it. [`account`] has what that takes from the job file, and
//! [`address`] knows to which address which application belongs. [`probe`] plays WeCom, to prove the way through a proxy.
//!
//! [`login`] is how members log in to pages, and how pages are signed for the JS-SDK.
//!
//! The other way round, [`api`] asks WeCom: for applications, members, who logs in, and whether accounts are right.

pub mod account;
pub mod address;
pub mod api;
pub mod crypto;
pub mod envelope;
pub mod event;
pub mod login;
pub mod probe;
pub mod receive;
pub mod roster;
pub mod state;
pub mod store;
