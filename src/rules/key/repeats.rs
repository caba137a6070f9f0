//! Keys that are delivered more than once, and whether their records are the same.

use crate::delivery::Readable;
use crate::parse::{trim, without_controls};
use crate::rules::LineContext;

/// A key that is delivered more than once.
pub(super) struct Repeat {
    /// The key.
    pub(super) key: String,
    /// Its 1-based lines, in order.
    pub(super) lines: Vec<u64>,
    /// Whether all its records are the same cell by cell, trimmed and without control characters.
    pub(super) identical: bool,
}

/// All such keys, by feed in report order, then by first line.
pub(super) fn repeats<'d, 'a>(
    context: &LineContext<'d, 'a>,
) -> impl Iterator<Item = (Readable<'d, 'a>, Repeat)> {
    context.readable().flat_map(|file| {
        file.index.repeated().iter().map(move |rows| {
            let lines: Vec<u64> = rows.iter().map(|row| file.line(*row)).collect();
            let cells = |line: &u64| -> Vec<String> {
                let cells = file.parsed.cells(*line as usize - 1);
                cells.iter().map(|cell| trim(&without_controls(cell)).to_owned()).collect()
            };
            let first = lines.first().map(cells);
            let identical = lines.iter().skip(1).all(|line| Some(cells(line)) == first);
            let key = rows.first().and_then(|row| file.key(*row)).unwrap_or_default().to_owned();
            (file, Repeat { key, lines, identical })
        })
    })
}
