//! The HTTP edge: a server that no client can hold, and the pages that WeCom calls. No other room knows axum.

pub mod callbacks;
mod journal;
mod registry;
pub mod server;
