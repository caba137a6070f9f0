//! The HTTP edge: a server that no client can hold, and the pages on it. No other room knows axum.

pub mod health;
pub mod server;
