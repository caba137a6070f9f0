//! WeCom callbacks through the real HTTP endpoint: what WeCom sends, and what others do.

mod hostile;
mod plain;
mod properties;
mod receiver;
mod vectors;
