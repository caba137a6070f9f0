//! Characters that do not belong in a cell: those that nobody sees, and what a text decoded twice leaves.

use std::borrow::Cow;

use memchr::memmem;

use crate::decode::BadBytes;

/// What texts look like that were decoded wrongly, encoded again and decoded once more.
const DECODED_TWICE: [&str; 5] = ["\u{fffd}", "锟斤拷", "烫烫烫", "屯屯屯", "ï¿½"];

/// Whether a character is removed from every cell: control characters but the tab, zero-width characters, and those
/// that change the direction of writing.
pub fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}'
        | '\u{a}'..='\u{1f}'
        | '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}')
}

/// The text without the characters that are removed from every cell.
pub fn without_controls(text: &str) -> Cow<'_, str> {
    match may_hold_controls(text) && text.contains(is_control) {
        true => Cow::Owned(text.chars().filter(|c| !is_control(*c)).collect()),
        false => Cow::Borrowed(text),
    }
}

/// Whether the text has a byte that such a character can have. It looks at every byte, which the compiler turns into
/// vector instructions, unlike a loop that ends early.
fn may_hold_controls(text: &str) -> bool {
    let suspect = |b: u8| ((b < b' ') & (b != b'\t')) | (b == 0xC2) | (b == 0xE2) | (b == 0xEF);
    text.bytes().fold(false, |found, b| found | suspect(b))
}

/// A line out of whose cells characters were removed.
pub(super) struct CleanedLine {
    pub(super) text: String,
    pub(super) cells: Vec<(u32, u32)>,
    pub(super) bad: Vec<BadBytes>,
    /// Positions of the cells that lost characters.
    pub(super) changed: Vec<usize>,
}

/// Removes what does not belong in the cells of a line; `None` if there is nothing to remove. Cells with undecodable
/// bytes stay as they are: they have no value.
pub(super) fn clean_line(
    text: &str,
    cells: &[(u32, u32)],
    bad: &[BadBytes],
) -> Option<CleanedLine> {
    if !may_hold_controls(text) {
        return None;
    }
    let span = |cell: &(u32, u32)| cell.0 as usize..cell.1 as usize;
    let is_bad = |cell: &(u32, u32)| bad.iter().any(|b| span(cell).contains(&b.at.start));
    let to_clean = |cell: &(u32, u32)| {
        let cell_text = &text[span(cell)];
        may_hold_controls(cell_text) && cell_text.contains(is_control) && !is_bad(cell)
    };
    let changed: Vec<usize> =
        cells.iter().enumerate().filter(|(_, cell)| to_clean(cell)).map(|(at, _)| at).collect();
    if changed.is_empty() {
        return None;
    }
    let mut cleaned = CleanedLine {
        text: String::with_capacity(text.len()),
        cells: Vec::with_capacity(cells.len()),
        bad: Vec::with_capacity(bad.len()),
        changed,
    };
    for (at, cell) in cells.iter().enumerate() {
        let start = cleaned.text.len();
        match cleaned.changed.binary_search(&at) {
            Ok(_) => cleaned.text.extend(text[span(cell)].chars().filter(|c| !is_control(*c))),
            Err(_) => cleaned.text.push_str(&text[span(cell)]),
        }
        for bytes in bad.iter().filter(|b| span(cell).contains(&b.at.start)) {
            let moved = |position: usize| position - span(cell).start + start;
            let at = moved(bytes.at.start)..moved(bytes.at.end);
            cleaned.bad.push(BadBytes { at, offset: bytes.offset });
        }
        cleaned.cells.push((start as u32, cleaned.text.len() as u32));
    }
    Some(cleaned)
}

/// Finds texts that were decoded twice; made once a file.
pub(super) struct DecodedTwice([memmem::Finder<'static>; 5]);

impl DecodedTwice {
    pub(super) fn new() -> DecodedTwice {
        DecodedTwice(DECODED_TWICE.map(memmem::Finder::new))
    }

    /// Whether a trace of it is in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|finder| finder.find(text.as_bytes()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_removed_and_the_cells_stay_in_their_places() {
        let text = "a\u{1}|b\u{feff}b|\u{fffd}\u{200b}|c";
        let cells = [(0, 2), (3, 8), (9, 15), (16, 17)];
        let bad = [BadBytes { at: 9..12, offset: 7 }];
        let cleaned = clean_line(text, &cells, &bad).unwrap();
        assert_eq!(cleaned.text, "abb\u{fffd}\u{200b}c");
        assert_eq!(cleaned.cells, [(0, 1), (1, 3), (3, 9), (9, 10)]);
        assert_eq!(cleaned.bad, [BadBytes { at: 3..6, offset: 7 }]);
        assert_eq!(cleaned.changed, [0, 1]);
        assert!(clean_line("a\t|b", &[(0, 2), (3, 4)], &[]).is_none());
        assert!(clean_line("—…，（é", &[(0, 14)], &[]).is_none());
    }

    #[test]
    fn traces_of_double_decoding_are_found() {
        let finder = DecodedTwice::new();
        for text in ["锟斤拷", "王\u{fffd}", "x烫烫烫烫", "屯屯屯", "ï¿½"] {
            assert!(finder.is_in(text), "{text}");
        }
        for text in ["", "烫烫", "屯屯", "锟斤", "王芳"] {
            assert!(!finder.is_in(text), "{text}");
        }
    }
}
