//! orgsnap: an insurer's nightly hierarchy files become trusted, dated, queryable snapshots.

pub mod model;
pub mod config;
pub mod fetch;
pub mod decode;
pub mod parse;
pub mod forest;
pub mod rules;
pub mod gate;
pub mod store;
pub mod pipeline;
pub mod report;
pub mod sample;
