//! orgsnap: an insurer's nightly hierarchy files become trusted, dated, queryable snapshots.

pub mod model;
pub mod config;
pub mod fetch;
pub mod decode;
pub mod parse;
pub mod keys;
pub mod delivery;
pub mod links;
pub mod forest;
pub mod trees;
pub mod rules;
pub mod gate;
pub mod store;
pub mod pipeline;
pub mod report;
pub mod sample;
