//! Counts the rows that a stage has worked on, for the display of progress.

use std::fmt;

/// Receives the numbers of rows and bytes that were worked on, from any thread. Short work need not report them.
#[derive(Clone, Copy, Default)]
pub struct RowCounter<'a>(Option<&'a (dyn Fn(u64, u64) + Sync)>);

impl<'a> RowCounter<'a> {
    /// Rows reported at once: often enough for a display, seldom enough to cost nothing.
    pub const BATCH: u64 = 4_096;

    /// Calls this with more rows, and with the bytes of their lines where these are known, else 0.
    pub fn new(count: &'a (dyn Fn(u64, u64) + Sync)) -> RowCounter<'a> {
        RowCounter(Some(count))
    }

    /// More rows have been worked on.
    pub fn add(self, rows: u64, bytes: u64) {
        if let Some(count) = self.0 {
            count(rows, bytes);
        }
    }
}

impl fmt::Debug for RowCounter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowCounter")
    }
}
