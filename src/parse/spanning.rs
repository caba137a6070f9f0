//! Records that go over line ends within quotes. They are looked for only where the job or the schema says what quotes
//! mean: in a guess, one stray quote would cost the lines up to the next one.

use std::ops::Range;

use crate::decode::Lines;

use super::frame::Frame;
use super::line_limit::MAX_LINE;
use super::quotes::Quoting;
use super::sniff::Layout;

/// The ranges of lines that are one record each, in order.
///
/// A record ends at the first line end that is in no quotes. Where it has not the width of the layout then, quotes do
/// not fit, or it would be longer than a line may be, its first line stands alone.
pub(super) fn find(lines: &Lines<'_>, layout: &Layout, frame: &Frame<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // In all encodings read here a quote has this byte.
    if layout.quotes == Quoting::Text || memchr::memchr(b'"', lines.bytes()).is_none() {
        return found;
    }
    let mut line = layout.header.as_ref().map_or(frame.first, |header| header.line + 1);
    let mut quiet = 0..0;
    while line < lines.len() {
        let record = record_from(lines, line, layout, frame, &mut quiet);
        line = record.as_ref().map_or(line + 1, |record| record.end);
        found.extend(record);
    }
    found
}

/// The lines of the record that begins on a line, if they are several. `quiet` are lines known to end no quotes, so
/// that many stray quotes do not have the same lines looked at again and again.
fn record_from(
    lines: &Lines<'_>,
    first: usize,
    layout: &Layout,
    frame: &Frame<'_>,
    quiet: &mut Range<usize>,
) -> Option<Range<usize>> {
    if lines.raw_len(first) > MAX_LINE || memchr::memchr(b'"', lines.raw(first)).is_none() {
        return None;
    }
    let text = lines.decode(first).text;
    if !frame.is_data(first, &text) {
        return None;
    }
    let mut reader = RecordReader { layout, cells: 0, in_quotes: false };
    let mut state = reader.read(&text);
    let mut next = first + 1;
    while state == State::Open {
        if quiet.contains(&next) {
            next = quiet.end;
        }
        if next >= lines.len()
            || frame.is_trailer(next)
            || lines.raw_size(first..next) as usize + lines.raw_len(next) > MAX_LINE
        {
            return None;
        }
        state = match memchr::memchr(b'"', lines.raw(next)) {
            Some(_) => reader.read(&lines.decode(next).text),
            None => State::OpenStill,
        };
        if state == State::OpenStill {
            *quiet = if quiet.end == next { quiet.start..next + 1 } else { next..next + 1 };
            state = State::Open;
        }
        next += 1;
    }
    let whole = state == State::Ended && reader.cells == layout.width && next > first + 1;
    whole.then_some(first..next)
}

/// Where a record stands at a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of quotes: it has ended.
    Ended,
    /// In quotes that were opened on this line.
    Open,
    /// In quotes that stood open throughout the line.
    OpenStill,
    /// The quotes of a cell do not fit.
    Misfit,
}

/// Reads a record line by line.
struct RecordReader<'l> {
    layout: &'l Layout,
    cells: usize,
    in_quotes: bool,
}

impl RecordReader<'_> {
    fn read(&mut self, line: &str) -> State {
        let delimiter = self.layout.delimiter.as_str();
        let mut rest = line;
        let mut opened = false;
        loop {
            if !self.in_quotes {
                self.cells += 1;
                match rest.strip_prefix('"') {
                    Some(inner) => (rest, self.in_quotes, opened) = (inner, true, true),
                    None => match rest.find(delimiter) {
                        Some(at) => rest = &rest[at + delimiter.len()..],
                        None => return State::Ended,
                    },
                }
                continue;
            }
            let Some(quote) = rest.find('"') else {
                return if opened { State::Open } else { State::OpenStill };
            };
            rest = &rest[quote + 1..];
            if let Some(behind) = rest.strip_prefix('"') {
                rest = behind;
            } else if rest.is_empty() {
                self.in_quotes = false;
                return State::Ended;
            } else if let Some(behind) = rest.strip_prefix(delimiter) {
                (rest, self.in_quotes) = (behind, false);
            } else if self.layout.quotes == Quoting::Needed {
                return State::Misfit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::dialect::Dialect;
    use crate::decode::detect;

    fn spans(text: &str, quotes: Quoting) -> Vec<(usize, usize)> {
        let lines = Lines::new(text.as_bytes(), detect(text.as_bytes(), None).unwrap());
        let dialect = Dialect::default();
        let layout = Layout {
            delimiter: ",".to_owned(),
            quotes,
            trailing: false,
            header: None,
            width: 3,
            columns: Vec::new(),
        };
        let found = find(&lines, &layout, &Frame::of(&lines, &dialect));
        found.into_iter().map(|record| (record.start, record.end)).collect()
    }

    #[test]
    fn a_record_ends_at_the_first_line_end_outside_of_quotes() {
        for (text, needed, always) in [
            ("1,\"a\nb\",c\n2,b,c\n", vec![(0, 2)], vec![(0, 2)]),
            ("1,\"a\r\n\r\nb\",\"x\r\n,\"\"y\"\r\n2,b,c\r\n", vec![(0, 4)], vec![(0, 4)]),
            ("1,\"a\"\"\n\"\"b\",c\n", vec![(0, 2)], vec![(0, 2)]),
            ("1,b,\"c\nd\"", vec![(0, 2)], vec![(0, 2)]),
            // A quote within the cell is one that is not doubled.
            ("1,\"a\"x\nb\",c\n", vec![], vec![(0, 2)]),
            // The delimiter behind the quote that closes is one of the cell's own record.
            ("1,\"a,c\n2,b\",c,d\n", vec![], vec![]),
            ("1,\"a,c\n2,b,c\n3,b,c\n", vec![], vec![]),
            ("\"1\",\"a,\"c\"\n\"2\",\"b\",\"c\"\n", vec![], vec![]),
            ("1,b,c\n2,\"b\",c\n", vec![], vec![]),
        ] {
            assert_eq!(spans(text, Quoting::Needed), needed, "{text}");
            assert_eq!(spans(text, Quoting::Always), always, "{text}");
            assert!(spans(text, Quoting::Text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_quote_that_stays_open_costs_its_line_alone_however_many_there_are() {
        let stray = "1,\"a,c\n".repeat(30_000);
        let text = format!("{stray}2,\"b\nb\",c\n");
        assert_eq!(spans(&text, Quoting::Needed), [(30_000, 30_002)]);
        let filler = "x\n".repeat(MAX_LINE / 2 - 5);
        let record = |more: &str| format!("1,\"a\n{filler}{more}b\",c\n2,b,c\n");
        assert_eq!(spans(&record(""), Quoting::Needed).len(), 1);
        assert!(spans(&record("xxx"), Quoting::Needed).is_empty(), "too long");
    }
}
