//! Text in columns: display widths, padding, wrapping, and control characters made visible.
//!
//! Widths are those of `unicode-width`: a Chinese character takes two columns. Nothing here draws a
//! line with box characters, because those have an ambiguous width in Chinese fonts and break tables.

use std::borrow::Cow;
use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a column of [`table`] is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Text, flush left.
    Text,
    /// Numbers, flush right.
    Number,
}

/// The number of terminal columns that a text takes.
pub fn display_width(text: &str) -> usize {
    text.width()
}

/// The text with spaces after it up to `width` columns; a longer text stays as it is.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// The text with control and direction-changing characters escaped.
///
/// A delivered value may hold anything, an escape sequence included; it must not steer the terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            // A two-digit escape is what people write for a delimiter such as \x01.
            c if steers(c) && (c as u32) < 0x80 => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\x{:02x}", c as u32);
            }
            c if steers(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Breaks a text into lines of at most `width` columns: between words, or between two Chinese
/// characters; a longer word is cut. Line breaks of the text stay.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut rest = paragraph;
        while rest.width() > width {
            let cut = break_at(rest, width);
            lines.push(rest[..cut].trim_end().to_owned());
            rest = rest[cut..].trim_start();
        }
        lines.push(rest.to_owned());
    }
    lines
}

/// The byte at which a text that is wider than `width` is broken; at least one character stands before.
fn break_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    let mut good = None;
    let mut previous: Option<char> = None;
    for (at, c) in text.char_indices() {
        if let Some(p) = previous {
            // A line never starts with a closing punctuation mark, nor ends with an opening one.
            let wide = p.width() == Some(2) || c.width() == Some(2);
            let glued = is_closing(c) || is_opening(p);
            if (p == ' ' || (wide && !glued)) && c != ' ' {
                good = Some(at);
            }
        }
        used += c.width().unwrap_or(0);
        if used > width {
            return match good {
                Some(good) => good,
                None if at > 0 => at,
                None => c.len_utf8(),
            };
        }
        previous = Some(c);
    }
    text.len()
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        '，' | '。'
            | '、'
            | '；'
            | '：'
            | '！'
            | '？'
            | '）'
            | '」'
            | '》'
            | ','
            | '.'
            | ';'
            | ':'
            | ')'
            | '%'
    )
}

fn is_opening(c: char) -> bool {
    matches!(c, '（' | '「' | '《' | '(')
}

/// A table without borders: cells two spaces apart, every line indented by `indent` spaces, wrapped to
/// `width` columns. `header` and every row have one cell a column. Ends with a line break.
pub fn table(
    columns: &[Column],
    header: &[&str],
    rows: &[Vec<String>],
    indent: usize,
    width: usize,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.saturating_sub(indent)).unwrap_or(u16::MAX));
    if !header.is_empty() {
        table.set_header(cells(columns, header.iter().map(|s| (*s).to_owned())));
    }
    for row in rows {
        table.add_row(cells(columns, row.iter().cloned()));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        // The gap stands after a text and before a number, so that both ends of the line are flush.
        column.set_padding(if at == 0 { (0, 0) } else { (2, 0) });
    }
    let mut drawn = String::new();
    for line in table.lines() {
        drawn.push_str(&" ".repeat(indent));
        drawn.push_str(line.trim_end());
        // A row whose last cells are empty must not end in spaces, which diffs and mails mangle.
        let kept = drawn.trim_end_matches(' ').len();
        drawn.truncate(kept);
        drawn.push('\n');
    }
    drawn
}

fn cells(columns: &[Column], texts: impl Iterator<Item = String>) -> Vec<Cell> {
    texts
        .zip(columns)
        .map(|(text, column)| {
            Cell::new_owned(text).set_alignment(match column {
                Column::Text => CellAlignment::Left,
                Column::Number => CellAlignment::Right,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_words_and_punctuation_together() {
        let cases: [(&str, usize, &[&str]); 7] = [
            ("short", 10, &["short"]),
            ("one two three", 8, &["one two", "three"]),
            ("河南分公司在职人数减少", 10, &["河南分公司", "在职人数减", "少"]),
            ("在职人数，减少", 8, &["在职人", "数，减少"]),
            ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
            ("a\nb", 10, &["a", "b"]),
            ("", 10, &[""]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, width), expected, "{text:?} at {width}");
        }
    }

    #[test]
    fn wrapped_lines_never_exceed_the_width() {
        let text =
            "机构 86 的 1,234 名 agents 中，有 567 名（46%）已离开；请核对 temp_agent.txt 是否完整";
        for width in 4..60 {
            for line in wrap(text, width) {
                assert!(display_width(&line) <= width, "{line:?} is wider than {width}");
            }
        }
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let cases = [
            ("plain 中文", "plain 中文"),
            ("\u{1b}[31mred", "\\x1b[31mred"),
            ("a\tb\u{1}c", "a\\tb\\x01c"),
            ("x\u{202e}y\u{200b}z", "x\\u{202e}y\\u{200b}z"),
            ("\u{85}", "\\u{85}"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn a_table_lines_up_by_display_width() {
        let columns = [Column::Text, Column::Number];
        let rows = vec![
            vec!["temp_agent.txt".to_owned(), "1,000".to_owned()],
            vec!["机构".to_owned(), "7".to_owned()],
        ];
        let drawn = table(&columns, &["文件", "行数"], &rows, 2, 80);
        let widths: Vec<usize> = drawn.lines().map(display_width).collect();
        assert_eq!(widths, [23, 23, 23], "{drawn}");
    }
}
