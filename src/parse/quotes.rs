//! Files with quoted fields, as in RFC 4180: within quotes a delimiter is text and `""` is a quote.
//!
//! Quotes are usually absent and then are ordinary text, so a file counts as quoted only if nearly all its lines
//! are, and only at the ends of a field do quotes mean anything. A field never goes over a line end: lines are
//! what orgsnap accounts for.

use std::{borrow::Cow, ops::Range};

use crate::decode::BadBytes;

/// Stands between the fields of a line whose quotes were taken off. A field that holds it makes the line ragged.
pub(super) const SEPARATOR: &str = "\u{1f}";

/// Share of the sampled lines that must hold a quoted field.
const MIN_QUOTED: f64 = 0.8;

/// A field of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell<'t> {
    /// Where it stands, its quotes included.
    pub(super) at: Range<usize>,
    /// What it says.
    pub(super) value: Cow<'t, str>,
}

/// Whether a sample of lines is quoted throughout.
pub(super) fn is_quoted(lines: &[&str], delimiter: &str) -> bool {
    let quoted = |line: &&&str| {
        line.contains('"')
            && cells(line, delimiter).iter().any(|cell| {
                cell.at.len() > 1 && line[cell.at.clone()].starts_with('"') && closes(line, cell)
            })
    };
    !delimiter.contains('"')
        && lines.iter().filter(quoted).count() as f64 >= lines.len() as f64 * MIN_QUOTED
}

fn closes(line: &str, cell: &Cell<'_>) -> bool {
    matches!(cell.value, Cow::Owned(_)) || cell.value.len() + 2 == line[cell.at.clone()].len()
}

/// The fields of a line. A field whose quote is never closed is taken as it stands, up to the next delimiter.
pub(super) fn cells<'t>(line: &'t str, delimiter: &str) -> Vec<Cell<'t>> {
    let mut cells = Vec::new();
    let mut start = 0;
    loop {
        let rest = &line[start..];
        let (length, value) = match quoted_cell(rest, delimiter) {
            Some(found) => found,
            None => {
                let length = rest.find(delimiter).unwrap_or(rest.len());
                (length, Cow::Borrowed(&rest[..length]))
            }
        };
        let end = start + length;
        cells.push(Cell { at: start..end, value });
        if end == line.len() {
            return cells;
        }
        start = end + delimiter.len();
    }
}

/// A quoted field at the beginning of `rest`: its length with the quotes, and its value.
fn quoted_cell<'t>(rest: &'t str, delimiter: &str) -> Option<(usize, Cow<'t, str>)> {
    let inner = rest.strip_prefix('"')?;
    let mut from = 0;
    let mut doubled = false;
    loop {
        let quote = from + inner[from..].find('"')?;
        let behind = &inner[quote + 1..];
        if behind.is_empty() || behind.starts_with(delimiter) {
            let value = &inner[..quote];
            let value = if doubled { value.replace("\"\"", "\"").into() } else { value.into() };
            return Some((quote + 2, value));
        }
        // A quote that is neither doubled nor at the end of the field is text.
        let is_doubled = behind.starts_with('"');
        doubled |= is_doubled;
        from = quote + 1 + usize::from(is_doubled);
    }
}

/// A line with [`SEPARATOR`] between its fields and without their quotes; what did not decode moves along.
pub(super) fn unquoted(line: &str, delimiter: &str, bad: &[BadBytes]) -> (String, Vec<BadBytes>) {
    let values: Vec<Cow<'_, str>> =
        cells(line, delimiter).into_iter().map(|cell| cell.value).collect();
    let text = values.join(SEPARATOR);
    if bad.is_empty() {
        return (text, Vec::new());
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
    (text, bad)
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
    fn a_few_quotes_do_not_make_a_file_quoted() {
        assert!(is_quoted(&[r#""id","name""#, r#"1,"x""#], ","));
        assert!(!is_quoted(&["id,name", r#"1,"x""#, "2,y"], ","));
        assert!(!is_quoted(&[r#"1,"x"#, r#"2,x""#], ","));
        assert!(!is_quoted(&[r#"1|"x""#], ","), "another delimiter");
    }
}
