//! One delivered row while it is put together, and the calendar that dates are written with.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};

/// The cells of a row, held in one buffer so that a million rows cost no million small allocations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    text: String,
    ends: Vec<u32>,
}

impl Row {
    /// Takes all cells out.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Appends a cell that `write` fills.
    pub(super) fn with<T>(&mut self, write: impl FnOnce(&mut String) -> T) -> T {
        let result = write(&mut self.text);
        self.ends.push(self.text.len() as u32);
        result
    }

    /// Appends a text cell.
    pub(super) fn text(&mut self, cell: &str) {
        self.with(|out| out.push_str(cell));
    }

    /// Appends an integer cell.
    pub(super) fn int(&mut self, cell: u64) {
        // Writing to a String cannot fail.
        self.with(|out| _ = write!(out, "{cell}"));
    }

    /// Appends a date cell.
    pub(super) fn date(&mut self, cell: NaiveDate) {
        self.with(|out| push_date(out, cell));
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell; empty if there is none at that place.
    pub(super) fn get(&self, index: usize) -> &str {
        let end = self.ends.get(index).map_or(0, |end| *end as usize);
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(end, |end| *end as usize),
            None => 0,
        };
        self.text.get(start..end).unwrap_or_default()
    }

    /// The cells in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The same row with another text in one cell.
    pub(super) fn edited(&self, index: usize, cell: &str) -> Row {
        let mut row = Row::default();
        for (i, old) in self.cells().enumerate() {
            row.text(if i == index { cell } else { old });
        }
        row
    }
}

/// Writes `YYYY-MM-DD`, several times faster than chrono's formatter.
fn push_date(out: &mut String, date: NaiveDate) {
    let digits = |n: u32| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8].map(char::from);
    let year = date.year().unsigned_abs();
    out.extend(digits(year / 100));
    out.extend(digits(year % 100));
    out.push('-');
    out.extend(digits(date.month()));
    out.push('-');
    out.extend(digits(date.day()));
}
