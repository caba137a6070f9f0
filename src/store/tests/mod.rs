//! The store against real files.

mod company;
mod faults;
mod history;
mod reading;
mod records;
