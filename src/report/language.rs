//! The language of a report.

pub use crate::model::Language;
