//! Files with quoted fields, as in RFC 4180: within quotes a delimiter is text and `""` is a quote.
//!
//! Quotes are usually absent and then are ordinary text. A file counts as quoted throughout if nearly all its lines
//! are; whether quotes stand only where a cell needs them is decided over the whole file (`quote_survey`). Only at the
//! ends of a field do quotes mean anything. Lines that are one record are joined before (`spanning`).

use std::{borrow::Cow, ops::Range};

use crate::decode::BadBytes;

/// Stands between the fields of a line whose quotes were taken off. A field that holds it makes the line ragged.
pub(super) const SEPARATOR: &str = "\u{1f}";

/// Share of the sampled lines that must hold a quoted field.
const MIN_QUOTED: f64 = 0.8;

/// What quotes mean in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// They are text.
    Text,
    /// They enclose cells that need them. A quote in the middle of another cell is text.
    Needed,
    /// They enclose all cells. A quote within a cell that is not doubled is text.
    Always,
}

impl Quoting {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Quoting::Text => "none",
            Quoting::Needed => "needed",
            Quoting::Always => "always",
        }
    }
}

/// A field of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell<'t> {
    /// Where it stands, its quotes included.
    pub(super) at: Range<usize>,
    /// What it says.
    pub(super) value: Cow<'t, str>,
    /// What its quotes are.
    pub(super) quotes: CellQuotes,
}

/// What the quotes of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellQuotes {
    /// It has none, or they are text.
    Text,
    /// It is enclosed in quotes, and those inside are doubled.
    Enclosed,
    /// It is enclosed in quotes, and holds one that is not doubled.
    Inner,
    /// It begins with a quote that is never closed.
    Open,
}

/// Whether a sample of lines is quoted throughout.
pub(super) fn is_quoted(lines: &[&str], delimiter: &str) -> bool {
    let quoted = |line: &&&str| {
        let enclosed =
            |cell: &Cell<'_>| matches!(cell.quotes, CellQuotes::Enclosed | CellQuotes::Inner);
        line.contains('"') && cells(line, delimiter).iter().any(enclosed)
    };
    !delimiter.contains('"')
        && lines.iter().filter(quoted).count() as f64 >= lines.len() as f64 * MIN_QUOTED
}

/// Whether some line of a sample has a field that begins with a quote.
pub(super) fn may_be_quoted(lines: &[&str], delimiter: &str) -> bool {
    let opens = |line: &&str| {
        line.contains('"')
            && cells(line, delimiter).iter().any(|cell| cell.quotes != CellQuotes::Text)
    };
    !delimiter.contains('"') && lines.iter().any(opens)
}

/// The fields of a line. A field whose quote is never closed is taken as it stands, up to the next delimiter.
pub(super) fn cells<'t>(line: &'t str, delimiter: &str) -> Vec<Cell<'t>> {
    let mut cells = Vec::new();
    let mut start = 0;
    loop {
        let rest = &line[start..];
        let (length, value, quotes) = match quoted_cell(rest, delimiter) {
            Some(found) => found,
            None => {
                let length = rest.find(delimiter).unwrap_or(rest.len());
                let quotes = match rest.starts_with('"') {
                    true => CellQuotes::Open,
                    false => CellQuotes::Text,
                };
                (length, Cow::Borrowed(&rest[..length]), quotes)
            }
        };
        let end = start + length;
        cells.push(Cell { at: start..end, value, quotes });
        if end == line.len() {
            return cells;
        }
        start = end + delimiter.len();
    }
}

/// A quoted field at the beginning of `rest`: its length with the quotes, its value, and what its quotes are.
fn quoted_cell<'t>(rest: &'t str, delimiter: &str) -> Option<(usize, Cow<'t, str>, CellQuotes)> {
    let inner = rest.strip_prefix('"')?;
    let mut from = 0;
    let (mut doubled, mut quotes) = (false, CellQuotes::Enclosed);
    loop {
        let quote = from + inner[from..].find('"')?;
        let behind = &inner[quote + 1..];
        if behind.is_empty() || behind.starts_with(delimiter) {
            let value = &inner[..quote];
            let value = if doubled { value.replace("\"\"", "\"").into() } else { value.into() };
            return Some((quote + 2, value, quotes));
        }
        // A quote that is neither doubled nor at the end of the field is text.
        if behind.starts_with('"') {
            doubled = true;
            from = quote + 2;
        } else {
            quotes = CellQuotes::Inner;
            from = quote + 1;
        }
    }
}

/// A line with [`SEPARATOR`] between its fields and without their quotes; what did not decode moves along.
/// `None` if the quotes of a field do not fit.
pub(super) fn unquoted(
    line: &str,
    delimiter: &str,
    quoting: Quoting,
    bad: &[BadBytes],
) -> Option<(String, Vec<BadBytes>)> {
    let cells = cells(line, delimiter);
    let misfit = |cell: &Cell<'_>| match cell.quotes {
        CellQuotes::Open => true,
        CellQuotes::Inner => quoting == Quoting::Needed,
        CellQuotes::Text | CellQuotes::Enclosed => false,
    };
    if cells.iter().any(misfit) {
        return None;
    }
    let values: Vec<Cow<'_, str>> = cells.into_iter().map(|cell| cell.value).collect();
    let text = values.join(SEPARATOR);
    if bad.is_empty() {
        return Some((text, Vec::new()));
    }
    // Taking quotes off leaves every U+FFFD, so the one in the same place counted from the left is meant.
    let marks =
        |text: &str| -> Vec<usize> { text.match_indices('\u{FFFD}').map(|m| m.0).collect() };
    let (before, after) = (marks(line), marks(&text));
    let moved = |bytes: &BadBytes| {
        let nth = before.binary_search(&bytes.at.start).ok()?;
        let start = *after.get(nth)?;
        Some(BadBytes { offset: bytes.offset, at: start..start + '\u{FFFD}'.len_utf8() })
    };
    let bad = bad.iter().filter_map(moved).collect();
    Some((text, bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_are_unquoted() {
        let cases: [(&str, &[&str]); 10] = [
            (r#""1","总公司","""#, &["1", "总公司", ""]),
            (r#""""",2"#, &["\"", "2"]),
            (r#""a,b","c"#, &["a,b", "\"c"]),
            (r#""say ""hi""",x"#, &["say \"hi\"", "x"]),
            (r#"1,"",2"#, &["1", "", "2"]),
            (r#""a"b","c""#, &["a\"b", "c"]),
            (r#"a"b,c"#, &["a\"b", "c"]),
            (r#""","#, &["", ""]),
            ("", &[""]),
            (",", &["", ""]),
        ];
        for (line, expected) in cases {
            let found = cells(line, ",");
            let values: Vec<&str> = found.iter().map(|cell| &*cell.value).collect();
            assert_eq!(values, expected, "{line}");
            // Nothing of a line is lost: the fields and their delimiters are all of it.
            let length: usize = found.iter().map(|cell| cell.at.len()).sum();
            assert_eq!(length + found.len() - 1, line.len(), "{line}");
        }
    }

    #[test]
    fn quotes_that_do_not_fit_are_noticed() {
        let cases = [
            (r#""a,b",c"#, true, true),
            (r#""张""三",x"#, true, true),
            (r#"5"屏,x"#, true, true),
            (r#""a"b,c"#, false, false),
            (r#""a"b","c""#, false, true),
            (r#""a,b"#, false, false),
        ];
        for (line, needed, always) in cases {
            let fits = |quoting| unquoted(line, ",", quoting, &[]).is_some();
            assert_eq!((fits(Quoting::Needed), fits(Quoting::Always)), (needed, always), "{line}");
        }
    }

    #[test]
    fn a_few_quotes_do_not_make_a_file_quoted_throughout() {
        assert!(is_quoted(&[r#""id","name""#, r#"1,"x""#], ","));
        assert!(!is_quoted(&["id,name", r#"1,"x""#, "2,y"], ","));
        assert!(!is_quoted(&[r#"1,"x"#, r#"2,x""#], ","));
        assert!(!is_quoted(&[r#"1|"x""#], ","), "another delimiter");
    }
}
