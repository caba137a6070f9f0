//! What an engineer writes: job files and schema files, and what they resolve to.

pub mod job;
pub mod schema;
mod schema_fields;
mod schema_files;
mod schema_json;
mod schema_links;

pub use schema_files::SchemaError;
