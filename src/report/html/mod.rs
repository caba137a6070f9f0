//! report.html: one file that opens anywhere and loads nothing.
//!
//! The page is plain HTML that can be read without its script: verdict, causes, samples of every rule that fired. The script
//! adds the list of all findings, which it makes of columns and of message templates, so that 100,000 of them stay a
//! small file. Everything is written as it is made; only positions in the list of findings are kept.

mod both;
mod branches;
mod listing;
mod message_form;
mod page;
mod policy;
mod recent;
mod rule_section;
mod tiles;

use std::io::{self, Write};

use askama::Template as _;

use crate::model::{Language, RuleMeta, RunReport};

use super::mask::Names;
use page::Page;

/// Name of the page within the report folder of a run.
pub const FILE_NAME: &str = "report.html";

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

/// Writes the page of a run. `catalogue` has the words of the rules.
///
/// # Errors
/// Those of `out`.
pub fn write(
    report: &RunReport,
    catalogue: &[&RuleMeta],
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    Page::new(report, catalogue, options).write_into(&mut out)?;
    out.flush()
}
