//! Whether quotes enclose cells or are text, decided over all lines that hold one.

use crate::decode::Lines;

use super::frame::Frame;
use super::quotes::{CellQuotes, Quoting, cells};
use super::sniff::Layout;

/// What the quotes of a file are taken for, where both readings of a line are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmbiguousQuotes {
    /// What they are taken for.
    pub taken: Quoting,
    /// The first line that reads in both ways, 0-based.
    pub line: usize,
    /// Number of such lines.
    pub lines: u64,
}

/// Lines with quotes, by what they speak for.
#[derive(Debug, Default)]
struct Survey {
    /// A delimiter within quotes: as text the line would not fit.
    delimiters: u64,
    /// A doubled quote within quotes.
    doubled: u64,
    /// A cell in quotes that would need none.
    plain: u64,
    /// A line that fits only if its quotes are text.
    text: u64,
    /// Quotes in the middle of cells, which both readings take for text.
    inside: u64,
    /// The lines with enclosed cells that also fit as text.
    both: u64,
    first_both: Option<usize>,
}

/// Decides what quotes mean in a file that is not quoted throughout. `frame` says which lines are looked at.
pub(super) fn decide(
    lines: &Lines<'_>,
    layout: &Layout,
    frame: &Frame<'_>,
) -> (Quoting, Option<AmbiguousQuotes>) {
    // In all encodings read here a quote has this byte; most files have none.
    if layout.delimiter.contains('"') || memchr::memchr(b'"', lines.bytes()).is_none() {
        return (Quoting::Text, None);
    }
    let first = layout.header.as_ref().map_or(frame.first, |header| header.line + 1);
    let mut survey = Survey::default();
    for line in first..lines.len() {
        if memchr::memchr(b'"', lines.raw(line)).is_some() {
            let text = lines.decode(line).text;
            if frame.is_data(line, &text) {
                survey.take(line, &text, layout);
            }
        }
    }
    let proofs = survey.delimiters + survey.doubled;
    let needed = match proofs {
        0 => survey.plain > 0 && survey.text == 0 && survey.inside == 0,
        _ => proofs >= survey.text,
    };
    let taken = if needed { Quoting::Needed } else { Quoting::Text };
    // A delimiter within quotes leaves no doubt, as long as nothing speaks against it.
    let certain = needed && survey.delimiters > survey.text;
    let ambiguous = survey.first_both.filter(|_| !certain);
    (taken, ambiguous.map(|line| AmbiguousQuotes { taken, line, lines: survey.both }))
}

impl Survey {
    fn take(&mut self, line: usize, text: &str, layout: &Layout) {
        if !text.contains('"') {
            return;
        }
        let cells = cells(text, &layout.delimiter);
        let fits_as_text = text.split(layout.delimiter.as_str()).count() == layout.width;
        let has = |quotes| cells.iter().any(|cell| cell.quotes == quotes);
        let misfit = has(CellQuotes::Open) || has(CellQuotes::Inner);
        if misfit || cells.len() != layout.width {
            self.text += u64::from(fits_as_text);
            return;
        }
        if !has(CellQuotes::Enclosed) {
            self.inside += 1;
            return;
        }
        let enclosed = || cells.iter().filter(|cell| cell.quotes == CellQuotes::Enclosed);
        if enclosed().any(|cell| cell.value.contains(layout.delimiter.as_str())) {
            self.delimiters += 1;
        } else if enclosed().any(|cell| cell.value.contains('"')) {
            self.doubled += 1;
        } else {
            self.plain += 1;
        }
        if fits_as_text {
            self.both += 1;
            self.first_both.get_or_insert(line);
        }
    }
}
