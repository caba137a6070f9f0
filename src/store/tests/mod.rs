//! Tests of the store on real files.

mod fixture;
mod any_order;
mod current_rows;
mod derived;
mod faults;
mod history;
mod importing;
mod reading;
mod migrating;
mod records;
