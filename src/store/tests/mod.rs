//! Tests of the store on real files.

mod fixture;
mod any_order;
#[cfg(feature = "postgres")]
mod both_stores;
#[cfg(feature = "postgres")]
mod connecting;
mod current_rows;
mod derived;
mod faults;
mod history;
mod importing;
mod reading;
mod migrating;
mod records;
#[cfg(feature = "postgres")]
mod interrupted;
#[cfg(feature = "postgres")]
mod server;
