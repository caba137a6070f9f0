//! What every section of a job file is resolved with.

use super::document::Document;

/// Resolves one job file.
pub(super) struct Resolver<'a> {
    pub(super) document: Document<'a>,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}
