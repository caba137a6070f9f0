//! Headers on lines that the job or the schema declares to be no data. Without its header a file would be read by the
//! position of its columns, and nothing would say so.

use crate::config::job::Format;
use crate::config::schema::FeedSchema;
use crate::decode::Lines;

use super::frame::Frame;
use super::line_limit::MAX_LINE;
use super::sniff::{Layout, NoLayout};
use super::titles::titles;

/// A header that was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedHeader {
    /// Its line, 0-based.
    pub line: usize,
    /// Why it was skipped.
    pub by: SkippedBy,
}

/// What had a line skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkippedBy {
    /// It is one of the lines before the first one that is looked at.
    SkipLines,
    /// It begins as comments do.
    Comment,
}

/// The first skipped line that names fields of the schema as a header does, where no other line was found to be the
/// header. One that agrees with the positions of the fields is of no account if the job says that there is no header.
pub(super) fn find(
    lines: &Lines<'_>,
    frame: &Frame<'_>,
    schema: &FeedSchema,
    pinned: &Format,
    sniffed: &Result<Layout, NoLayout>,
) -> Option<SkippedHeader> {
    let delimiters: Vec<&str> = match sniffed {
        Ok(layout) if layout.header.is_some() => return None,
        Ok(layout) => vec![&layout.delimiter],
        Err(none) => none.tried.iter().map(|tried| tried.delimiter.as_str()).collect(),
    };
    let by_position = |titles: &[Option<usize>]| {
        titles.iter().enumerate().all(|(at, title)| *title == Some(at))
            && titles.len() == schema.fields.len()
    };
    let is_header = |text: &str| {
        delimiters.iter().any(|delimiter| {
            titles(text, delimiter, schema)
                .is_some_and(|titles| pinned.header != Some(false) || !by_position(&titles))
        })
    };
    // Comments behind the first record are not looked for: no header stands there.
    let skipped = |line: usize| {
        if lines.raw_len(line) > MAX_LINE {
            return None;
        }
        let text = lines.decode(line).text;
        if let Some(title) = frame.uncommented(&text) {
            return (is_header(&text) || is_header(title))
                .then_some(SkippedHeader { line, by: SkippedBy::Comment });
        }
        let is_above = line < frame.first && is_header(&text);
        is_above.then_some(SkippedHeader { line, by: SkippedBy::SkipLines })
    };
    let is_above =
        |line: &usize| *line < frame.first || !frame.is_data(*line, &lines.decode(*line).text);
    (0..lines.len()).take_while(is_above).find_map(skipped)
}
