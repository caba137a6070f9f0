//! What analysts are offered beside the tables: tested questions, and how Datasette is to show the database.

mod datasette;
mod questions;

pub use datasette::{is_metadata, metadata};
pub use questions::{QUESTIONS, Question};
