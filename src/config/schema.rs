//! The resolved schema: feeds, fields, references, forests and copied names.

mod allowed;
mod error;
mod export;
mod fields;
mod json_cursor;
mod links;
mod load;
mod name_columns;
mod resolved;
mod unread;

#[cfg(test)]
mod tests;

pub use error::SchemaError;
pub use load::BUILTIN_FILES;
pub use name_columns::{Holds, NameColumns};
pub use resolved::{
    Copy, DateForm, DateForms, FeedSchema, Field, ForestSchema, Kind, LevelSchema, Reference,
    Required, Schema, TopMarkers, Tops,
};
