//! The session archive (会话内容存档): the messages of those members for whom the enterprise bought it.
//!
//! WeCom keeps them for five days, encrypted for a public key of the enterprise's. [`pull`] fetches what came since the
//! last time, unwraps the random keys with [`KeyFolder`], has WeCom's own C library decrypt the texts, and stores them
//! verbatim in `session.db` ([`SessionStore`]). The library is loaded by another program ([`reader`]), so that whatever
//! it does, the worst that comes of it is a message.
//!
//! Where WeCom refuses the address of this machine, the [API](super::api) is asked which one that is: the library does not
//! say.
//!
//! Nothing here logs or quotes a message, a key or a secret.

mod caller_address;
mod chat_data;
mod codes;
mod coverage;
mod error;
mod keys;
mod layout;
mod library;
mod media;
mod message;
mod pull;
pub mod reader;
mod store;
mod summary;

pub use chat_data::ChatDataFault;
pub use codes::{code_message, refusal_message};
pub use error::{ArchiveError, RequestOrigin};
pub use keys::{KeyError, KeyFolder, KeyList, KeyVersion, NewKey, UnreadableKey};
pub use library::reader_program;
pub use pull::{PullRequest, probe, pull};
pub use store::{DATABASE, SessionStore, SessionStoreError, backup};
pub use summary::{Gap, PullSummary, UndecryptedGroup, UndecryptedWhy};
