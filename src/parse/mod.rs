//! Text to typed records: finding the layout, splitting, casting. It reports raw facts and judges nothing.

mod cast;
mod columns;
mod quotes;
mod line_limit;
mod parsed;
mod record_facts;
mod records;
mod sniff;

use polars::prelude::PolarsResult;

use crate::config::job::Format;
use crate::config::schema::FeedSchema;
use crate::decode::{Detected, Lines, detect};
use crate::model::RowCounter;

pub use cast::{date, integer, is_blank, trim};
pub use line_limit::MAX_LINE;
pub use parsed::{Parsed, Unparsable};
pub use record_facts::{CellFault, CellFaultKind, Oversized, Ragged, Undecoded};
pub use sniff::{Candidate, Header, Layout, NoLayout};

/// Decodes and parses one file. `pinned` overrides detection.
///
/// # Errors
/// If the records do not make a frame (a bug). A file that holds no records is a value, [`Unparsable`]:
/// a fact about the file, for the rules to judge.
pub fn parse<'a>(
    bytes: &'a [u8],
    schema: &FeedSchema,
    pinned: &Format,
    counter: RowCounter<'_>,
) -> PolarsResult<Result<Parsed<'a>, Unparsable>> {
    let (lines, layout) = match lay_out(bytes, schema, pinned) {
        Ok(found) => found,
        Err(unparsable) => return Ok(Err(unparsable)),
    };
    records::records(lines, layout, schema, counter).map(Ok)
}

/// The encoding and the layout that detection finds where nothing is pinned; `None` if it finds none.
pub fn detect_layout(bytes: &[u8], schema: &FeedSchema) -> Option<(Detected, Layout)> {
    let (lines, layout) = lay_out(bytes, schema, &Format::default()).ok()?;
    Some((lines.detected(), layout))
}

/// Finds encoding and layout, and that there is a record behind the header.
fn lay_out<'a>(
    bytes: &'a [u8],
    schema: &FeedSchema,
    pinned: &Format,
) -> Result<(Lines<'a>, Layout), Unparsable> {
    if bytes.is_empty() {
        return Err(Unparsable::Empty { header: false });
    }
    let detected = detect(bytes, pinned.encoding).map_err(Unparsable::Encoding)?;
    let lines = Lines::new(bytes, detected);
    let nothing_from = |first: usize| (first..lines.len()).all(|l| is_blank(&lines.decode(l).text));
    if nothing_from(0) {
        return Err(Unparsable::Empty { header: false });
    }
    let layout = sniff::sniff(&lines, schema, pinned)
        .map_err(|no_layout| Unparsable::Layout(no_layout, detected))?;
    if let Some(header) = &layout.header {
        if !header.missing.is_empty() || !header.duplicates.is_empty() {
            return Err(Unparsable::Header(Box::new(layout), detected));
        }
        if nothing_from(header.line + 1) {
            return Err(Unparsable::Empty { header: true });
        }
    }
    Ok((lines, layout))
}
