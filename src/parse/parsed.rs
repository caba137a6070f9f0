//! A file cut into records, and how its lines are shown to people.

use std::borrow::Cow;
use std::ops::Range;

use crate::decode::{Detected, Lines, Undetectable};
use crate::model::{Excerpt, Table, may_be_name};

use super::cast::trim;
use super::clean::without_controls;
use super::frame::TrailerLine;
use super::quote_survey::AmbiguousQuotes;
use super::record_facts::{CellFault, Oversized, Ragged, Reformatted, Undecoded};
use super::skipped_header::SkippedHeader;
use super::sniff::{Layout, NoLayout};
use super::titles::Titles;

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
    /// The titles of fields, to tell a header where none is expected.
    pub(super) titles: Titles,
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
    /// The header stands on a line that was declared to be no data, and the file has no other one.
    SkippedHeader(SkippedHeader, Detected),
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

    /// The text in the key's place on a line that is no record, where it could be decoded and is not empty.
    pub fn presumed_key(&self, line: usize, key: usize) -> Option<String> {
        let cell = without_controls(&self.cell(line, key)?).into_owned();
        let key = trim(&cell);
        (!key.is_empty() && !key.contains('\u{FFFD}')).then(|| key.to_owned())
    }

    /// The line with a field marked, for people to look at. `is_name` says of a field of the schema and its cell whether
    /// that is the name of a person.
    pub fn excerpt(
        &self,
        line: usize,
        field: Option<usize>,
        is_name: &dyn Fn(usize, &str) -> bool,
    ) -> Excerpt {
        let decoded = self.lines.decode(line);
        let text: &str = &decoded.text;
        let column = field.and_then(|f| self.layout.columns.get(f).copied().flatten());
        let mark = match (column, decoded.bad.first()) {
            (Some(column), _) => self.layout.cells(text).into_iter().nth(column).map(|cell| cell.0),
            (None, Some(bad)) => Some(bad.at.clone()),
            (None, None) => None,
        };
        shorten(text, mark.unwrap_or(0..text.len()), &self.names(line, text, is_name))
    }

    /// Where names of people stand in a line, or may stand: a line with another number of cells can have them anywhere.
    fn names(
        &self,
        line: usize,
        text: &str,
        is_name: &dyn Fn(usize, &str) -> bool,
    ) -> Vec<Range<usize>> {
        if self.layout.header.as_ref().is_some_and(|header| header.line == line) {
            return Vec::new();
        }
        let cells = self.layout.cells(text);
        if self.titles.are_in(cells.iter().map(|cell| &*cell.1)) {
            return Vec::new();
        }
        let fits = cells.len() == self.layout.width;
        let field_of =
            |at: usize| self.layout.columns.iter().position(|column| *column == Some(at));
        let holds = |(at, cell): &(usize, &(Range<usize>, Cow<'_, str>))| match field_of(*at) {
            Some(field) if fits => is_name(field, &cell.1),
            // A name that a delimiter has cut into two.
            _ => {
                may_be_name(&cell.1)
                    || cell.1.contains(|c: char| !c.is_ascii() && c.is_alphabetic())
            }
        };
        cells.iter().enumerate().filter(holds).map(|(_, cell)| cell.0.clone()).collect()
    }
}

/// Keeps some 160 characters around the mark and makes control characters visible.
fn shorten(text: &str, mark: Range<usize>, names: &[Range<usize>]) -> Excerpt {
    const BEFORE: usize = 60;
    const MARKED: usize = 60;
    const AFTER: usize = 40;
    const CUT: &str = "...";
    let column = text[..mark.start].chars().count() as u64 + 1;
    let count = |part: &str| part.chars().count();
    let (before, marked, after) = (&text[..mark.start], &text[mark.clone()], &text[mark.end..]);
    let short = count(before) + count(marked) + count(after) <= BEFORE + MARKED + AFTER;
    let end_of = |part: &str, most: usize| match part.char_indices().nth(most) {
        Some((at, _)) if !short => at,
        _ => part.len(),
    };
    let first = match count(before).checked_sub(BEFORE) {
        Some(skipped) if !short => end_of(before, skipped),
        _ => 0,
    };
    let parts = [
        first..mark.start,
        mark.start..mark.start + end_of(marked, MARKED),
        mark.end..mark.end + end_of(after, AFTER),
    ];
    let mut out = String::new();
    let mut shown: Vec<Range<usize>> = Vec::new();
    let mut found = vec![0..0; names.len()];
    for (at, part) in parts.iter().enumerate() {
        let start = out.len();
        if at == 0 && first > 0 {
            out.push_str(CUT);
        }
        for (offset, c) in text[part.clone()].char_indices() {
            let (here, place) = (out.len(), part.start + offset);
            out.push(visible(c));
            if let Some(name) = names.iter().position(|name| name.contains(&place)) {
                let begin = if found[name].is_empty() { here } else { found[name].start };
                found[name] = begin..out.len();
            }
        }
        let whole = [mark.start, mark.end, text.len()][at];
        if part.end < whole {
            out.push_str(CUT);
        }
        shown.push(start..out.len());
    }
    let names = found.into_iter().filter(|name| !name.is_empty()).collect();
    Excerpt { text: out, mark: shown[1].clone(), column, names }
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
