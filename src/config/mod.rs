//! What an engineer writes: job files and schema files, and what they resolve to.

pub mod dialect;
pub mod job;
pub mod schema;

mod adapt;

pub use schema::SchemaError;
