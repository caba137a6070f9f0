//! Who is told of rows while they are worked on.

use std::fmt;

/// Is told of rows and bytes as they are worked on, from any thread. Work that takes no time need not tell of them.
#[derive(Clone, Copy, Default)]
pub struct RowCounter<'a>(Option<&'a (dyn Fn(u64, u64) + Sync)>);

impl<'a> RowCounter<'a> {
    /// Rows that are told of at once: often enough for a display, seldom enough to cost nothing.
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
