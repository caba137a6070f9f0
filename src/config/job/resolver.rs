//! The context in which the sections of a job file are resolved.

use super::document::Document;

/// Resolves one job file.
pub(super) struct Resolver<'a> {
    pub(super) document: Document<'a>,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}
