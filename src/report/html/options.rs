//! What a page shows, and how much.

use crate::model::Language;
use crate::report::mask::Names;

/// Maximum number of findings in the list of all findings, over all rules; the page says how many it leaves out.
pub const MAX_LISTED: usize = 100_000;

/// Number of findings of a rule that are shown with their line.
pub const SAMPLES: usize = 20;

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The language in which it opens; it holds both.
    pub language: Language,
    /// Whether names of people are masked.
    pub names: Names,
    /// Whether it has delivered lines.
    pub raw_lines: bool,
}
