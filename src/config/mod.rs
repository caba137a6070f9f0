//! What an engineer writes: job files and schema files, and what they resolve to.

pub mod job;
pub mod schema;

pub use schema::SchemaError;
