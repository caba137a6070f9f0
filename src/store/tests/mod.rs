//! Tests of the store on real files.

mod fixture;
mod faults;
mod history;
mod reading;
mod records;
