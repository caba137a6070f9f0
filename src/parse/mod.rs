//! Text to typed records: finding the layout, splitting, casting. It reports raw facts and judges nothing.

mod cast;
mod clean;
mod columns;
mod frame;
mod quote_survey;
mod quotes;
mod laid_out;
mod line_limit;
mod meaning;
mod parsed;
mod plan;
mod record_facts;
mod records;
mod skipped_header;
mod sniff;
mod spanning;
mod titles;

use polars::prelude::PolarsResult;

use crate::config::dialect::Quotes;
use crate::config::job::Format;
use crate::config::schema::{FeedSchema, Schema};
use crate::decode::{Detected, Lines, detect};
use crate::model::{Feed, RowCounter};

use frame::Frame;
use laid_out::LaidOut;

pub use cast::{integer, is_blank, trim};
pub use clean::{is_control, without_controls};
pub use frame::TrailerLine;
pub use line_limit::MAX_LINE;
pub use meaning::CellReader;
pub use parsed::{Parsed, Unparsable};
pub use quote_survey::{AmbiguousQuotes, QuoteDoubt};
pub use quotes::Quoting;
pub use record_facts::{
    CellFault, CellFaultKind, Oversized, Ragged, RaggedWhy, Reformatted, Undecoded,
};
pub use skipped_header::{SkippedBy, SkippedHeader};
pub use sniff::{Candidate, Header, Layout, NoLayout};

/// Decodes and parses one file. `pinned` overrides detection.
///
/// # Errors
/// If the records do not make a frame (a bug). A file that holds no records is a value, [`Unparsable`]:
/// a fact about the file, for the rules to judge.
pub fn parse<'a>(
    bytes: &'a [u8],
    schema: &Schema,
    feed: Feed,
    pinned: &Format,
    counter: RowCounter<'_>,
) -> PolarsResult<Result<Parsed<'a>, Unparsable>> {
    let laid_out = match lay_out(bytes, schema.feed(feed), pinned) {
        Ok(found) => found,
        Err(unparsable) => return Ok(Err(unparsable)),
    };
    records::records(laid_out, schema, feed, counter).map(Ok)
}

/// The encoding and the layout that detection finds where nothing is pinned; `None` if it finds none.
pub fn detect_layout(bytes: &[u8], schema: &FeedSchema) -> Option<(Detected, Layout)> {
    layout_of(bytes, schema, &Format::default()).ok()
}

/// The encoding and the layout of a file or of whole lines at its beginning. `pinned` overrides detection.
///
/// # Errors
/// Why it has none.
pub fn layout_of(
    bytes: &[u8],
    schema: &FeedSchema,
    pinned: &Format,
) -> Result<(Detected, Layout), Unparsable> {
    lay_out(bytes, schema, pinned).map(|LaidOut { lines, layout, .. }| (lines.detected(), layout))
}

/// Finds encoding and layout, and that there is a record behind the header.
fn lay_out<'a, 's>(
    bytes: &'a [u8],
    schema: &'s FeedSchema,
    pinned: &Format,
) -> Result<LaidOut<'a, 's>, Unparsable> {
    if bytes.is_empty() {
        return Err(Unparsable::Empty { header: false });
    }
    let detected = detect(bytes, pinned.encoding).map_err(Unparsable::Encoding)?;
    let mut lines = Lines::new(bytes, detected);
    let frame = Frame::of(&lines, &schema.dialect);
    let nothing_from =
        |first: usize| !(first..lines.len()).any(|l| frame.is_data(l, &lines.decode(l).text));
    if nothing_from(frame.first) {
        return Err(Unparsable::Empty { header: false });
    }
    let sniffed = sniff::sniff(&lines, &frame, schema, pinned);
    if let Some(skipped) = skipped_header::find(&lines, &frame, schema, pinned, &sniffed) {
        return Err(Unparsable::SkippedHeader(skipped, detected));
    }
    let mut layout = sniffed.map_err(|no_layout| Unparsable::Layout(no_layout, detected))?;
    if let Some(header) = &layout.header {
        if !header.missing.is_empty() || !header.duplicates.is_empty() {
            return Err(Unparsable::Header(Box::new(layout), detected));
        }
        if nothing_from(header.line + 1) {
            return Err(Unparsable::Empty { header: true });
        }
    }
    let mut ambiguous_quotes = None;
    if schema.dialect.quotes == Quotes::Auto && layout.quotes != Quoting::Always {
        (layout.quotes, ambiguous_quotes) = quote_survey::decide(&lines, &layout, &frame);
    }
    if matches!(schema.dialect.quotes, Quotes::Needed | Quotes::Always) {
        lines.join(spanning::find(&lines, &layout, &frame));
    }
    Ok(LaidOut { lines, layout, frame, ambiguous_quotes })
}
