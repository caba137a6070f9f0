//! The HTTP edge: a server that no client can hold, the pages that WeCom calls, those by which members log in, and those for
//! monitoring. No other module uses axum.

pub mod callbacks;
pub mod health;
pub mod login;
mod registry;
mod refusal_message;
mod request_event;
mod request_log;
pub mod server;
mod waiting;
