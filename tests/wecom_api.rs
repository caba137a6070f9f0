//! The client of WeCom's API against a server that answers as documented, and as servers in trouble do.

mod calls;
mod faults;
pub(crate) mod server;
mod token;
