//! report.html: one file that opens anywhere and loads nothing.
//!
//! The page is plain HTML that can be read without its script: verdict, causes, samples of every rule that fired. The script
//! adds the list of all findings, which it makes of columns and of message templates, so that 100,000 of them stay a
//! small file. Everything is written as it is made; only positions in the list of findings are kept.

mod both;
mod branches;
mod listing;
mod message_form;
mod options;
mod page;
mod policy;
mod recent;
mod rule_section;
mod tiles;

use std::io::{self, Write};

use askama::Template as _;

use crate::model::{RuleMeta, RunReport};

pub use options::{MAX_LISTED, Options, SAMPLES};
use page::Page;

/// Name of the page within the report folder of a run.
pub const FILE_NAME: &str = "report.html";

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
