//! The client of WeCom's API, and of that of official accounts and mini programs. It only reads.
//!
//! A [`Client`] is shared by all who call: it keeps one token for each secret and one ticket of each kind, and however
//! many calls find one expired, one of them asks for the next. The rest waits for it, and fails with it if it fails.
//! Faults that pass are tried again within the [`Limits`] of the caller and a budget that all callers share, so that
//! many callers do not multiply the load of a server in trouble.
//!
//! Tokens, tickets and secrets are [`Secret`](crate::config::job::Secret)s: no log and no error shows them. The API takes
//! them in the query, so an address never gets into an error either.

mod account_use;
mod agent;
mod agent_judgement;
mod blocking;
mod call;
mod client;
mod customers;
mod error;
mod error_codes;
mod limits;
mod members;
mod not_empty;
mod null;
mod server_clock;
mod shared_value;
mod tickets;
mod transport;
mod user_info;

pub use account_use::AccountUse;
pub use agent::{Agent, VisibleScope};
pub use agent_judgement::{AgentProblem, ExpectedAgent, domain_of, problems};
pub use blocking::block_on;
pub use call::{Call, Platform};
pub use client::Client;
pub use error::{ApiError, Fault};
pub use error_codes::{Explanation, Responsible};
pub use limits::Limits;
pub use members::{Department, Member, MemberPages, Page};
pub use server_clock::ServerClock;
pub use user_info::Visitor;
