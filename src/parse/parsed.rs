//! A file cut into records, and how its lines are shown to people.

use crate::decode::{Detected, Lines, Undetectable};
use crate::model::{Excerpt, Table};

use super::frame::TrailerLine;
use super::quote_survey::AmbiguousQuotes;
use super::record_facts::{CellFault, Oversized, Ragged, Reformatted, Undecoded};
use super::sniff::{Layout, NoLayout};

/// A file cut into records. Row numbers are positions in `table`, line numbers are 0-based here.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The file's lines.
    pub lines: Lines<'a>,
    /// Delimiter, header, which column holds which field.
    pub layout: Layout,
    /// The records with the right number of fields.
    pub table: Table,
    /// Lines with another number of fields, in line order.
    pub ragged: Vec<Ragged>,
    /// Malformed byte sequences, in file order.
    pub undecoded: Vec<Undecoded>,
    /// Lines that are too long, in line order.
    pub oversized: Vec<Oversized>,
    /// Cells at fault, in row order, then field order.
    pub faults: Vec<CellFault>,
    /// By field of the schema: cells that were accepted in another form than the usual one.
    pub reformatted: Vec<Reformatted>,
    /// Lines with nothing on them.
    pub blank: u64,
    /// Lines that are declared to be no data, those above, comments, the control record; and the further lines of records
    /// that go over line ends.
    pub other: u64,
    /// The declared control record.
    pub trailer: Option<TrailerLine>,
    /// What quotes are taken for, where they can be read in two ways.
    pub ambiguous_quotes: Option<AmbiguousQuotes>,
}

/// Why a file could not be cut into records at all.
#[derive(Debug)]
pub enum Unparsable {
    /// No byte, or no record behind the header.
    Empty {
        /// Whether there was a header.
        header: bool,
    },
    /// No encoding fits.
    Encoding(Undetectable),
    /// No delimiter fits.
    Layout(NoLayout, Detected),
    /// The header lacks required fields or names one twice.
    Header(Box<Layout>, Detected),
}

impl Parsed<'_> {
    /// Number of lines that are records, whatever became of them.
    pub fn records(&self) -> u64 {
        (self.table.len() + self.ragged.len()) as u64
    }

    /// The cells of a line as delivered (not trimmed), whatever their number.
    pub fn cells(&self, line: usize) -> Vec<String> {
        let text = self.lines.decode(line).text;
        self.layout.cells(&text).into_iter().map(|cell| cell.1.into_owned()).collect()
    }

    /// The cell of a schema field on a line as delivered; `None` if the line or the header has none.
    pub fn cell(&self, line: usize, field: usize) -> Option<String> {
        let column = self.layout.columns.get(field).copied().flatten()?;
        let text = self.lines.decode(line).text;
        self.layout.cells(&text).into_iter().nth(column).map(|cell| cell.1.into_owned())
    }

    /// The line with a field marked, for people to look at.
    pub fn excerpt(&self, line: usize, field: Option<usize>) -> Excerpt {
        let decoded = self.lines.decode(line);
        let text: &str = &decoded.text;
        let column = field.and_then(|f| self.layout.columns.get(f).copied().flatten());
        let mark = match (column, decoded.bad.first()) {
            (Some(column), _) => self.layout.cells(text).into_iter().nth(column).map(|cell| cell.0),
            (None, Some(bad)) => Some(bad.at.clone()),
            (None, None) => None,
        };
        shorten(text, mark.unwrap_or(0..text.len()))
    }
}

/// Keeps some 160 characters around the mark and makes control characters visible.
fn shorten(text: &str, mark: std::ops::Range<usize>) -> Excerpt {
    const BEFORE: usize = 60;
    const MARKED: usize = 60;
    const AFTER: usize = 40;
    let column = text[..mark.start].chars().count() as u64 + 1;
    let before: Vec<char> = text[..mark.start].chars().collect();
    let marked: Vec<char> = text[mark.clone()].chars().collect();
    let after: Vec<char> = text[mark.end..].chars().collect();
    let short = before.len() + marked.len() + after.len() <= BEFORE + MARKED + AFTER;
    let mut out = String::new();
    let skipped = if short { 0 } else { before.len().saturating_sub(BEFORE) };
    if skipped > 0 {
        out.push_str("...");
    }
    out.extend(before[skipped..].iter().copied().map(visible));
    let start = out.len();
    let shown = if short { marked.len() } else { marked.len().min(MARKED) };
    out.extend(marked[..shown].iter().copied().map(visible));
    if shown < marked.len() {
        out.push_str("...");
    }
    let end = out.len();
    let shown = if short { after.len() } else { after.len().min(AFTER) };
    out.extend(after[..shown].iter().copied().map(visible));
    if shown < after.len() {
        out.push_str("...");
    }
    Excerpt { text: out, mark: start..end, column }
}

/// Control characters as their Unicode pictures, so that a delimiter such as 0x01 can be seen and a
/// terminal obeys nothing that an insurer delivers.
fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{2426}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => '\u{2426}',
        c => c,
    }
}
