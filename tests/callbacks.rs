//! WeCom callbacks through the real HTTP endpoint: what WeCom sends, and what others do.

mod configured;
mod crash;
mod crowd;
mod hostile;
mod plain;
mod properties;
pub(crate) mod proxied;
pub(crate) mod receiver;
mod requests;
pub(crate) mod served;
mod vectors;
