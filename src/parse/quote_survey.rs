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
    /// What leaves a doubt.
    pub doubt: QuoteDoubt,
    /// The first line of which that is so, 0-based.
    pub line: usize,
    /// Number of such lines.
    pub lines: u64,
}

/// Why it is not certain what the quotes of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteDoubt {
    /// Lines read in both ways.
    BothWays,
    /// Other lines fit only in the way that was not taken.
    OtherWay,
}

/// A line that fits only if its quotes enclose a cell is rarely an accident; a stray quote, which makes a line fit only
/// as text, is a common one. So it takes this many of the latter to outweigh one of the former ...
const DELIMITER_WEIGHT: u64 = 10;
/// ... and so many to outweigh a doubled quote in an enclosed cell, which text may hold too.
const DOUBLED_WEIGHT: u64 = 2;

/// Lines with quotes, by what they speak for.
#[derive(Debug, Default)]
struct Survey {
    /// A delimiter within quotes: as text the line would not fit.
    delimiters: u64,
    first_delimiter: Option<usize>,
    /// A doubled quote within quotes.
    doubled: u64,
    /// A cell in quotes that would need none.
    plain: u64,
    /// A line that fits only if its quotes are text.
    text: u64,
    first_text: Option<usize>,
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
    let proofs = survey.delimiters * DELIMITER_WEIGHT + survey.doubled * DOUBLED_WEIGHT;
    let needed = match proofs {
        0 => survey.plain > 0 && survey.text == 0 && survey.inside == 0,
        _ => proofs >= survey.text,
    };
    let taken = if needed { Quoting::Needed } else { Quoting::Text };
    let found = |doubt, first: Option<usize>, lines| {
        first.map(|line| AmbiguousQuotes { taken, doubt, line, lines })
    };
    let against = match taken {
        Quoting::Text => found(QuoteDoubt::OtherWay, survey.first_delimiter, survey.delimiters),
        Quoting::Needed | Quoting::Always if proofs > 0 => {
            found(QuoteDoubt::OtherWay, survey.first_text, survey.text)
        }
        Quoting::Needed | Quoting::Always => None,
    };
    // A delimiter within quotes leaves no doubt, as long as nothing speaks against it.
    let certain = needed && survey.delimiters > 0;
    let both = || found(QuoteDoubt::BothWays, survey.first_both, survey.both);
    (taken, against.or_else(|| both().filter(|_| !certain)))
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
            if fits_as_text {
                self.text += 1;
                self.first_text.get_or_insert(line);
            }
            return;
        }
        if !has(CellQuotes::Enclosed) {
            self.inside += 1;
            return;
        }
        let enclosed = || cells.iter().filter(|cell| cell.quotes == CellQuotes::Enclosed);
        if enclosed().any(|cell| cell.value.contains(layout.delimiter.as_str())) {
            self.delimiters += 1;
            self.first_delimiter.get_or_insert(line);
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
