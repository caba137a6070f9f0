//! The store against real files.

mod fixture;
mod faults;
mod history;
mod reading;
mod records;
