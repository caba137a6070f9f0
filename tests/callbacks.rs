//! WeCom callbacks through the real HTTP endpoint: what WeCom sends, and what others do.

mod configured;
mod crash;
mod crowd;
mod hostile;
mod plain;
mod properties;
mod proxied;
mod receiver;
mod requests;
mod served;
mod vectors;
