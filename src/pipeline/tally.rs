//! The progress of a stage: rows done, and of how many where that is known.

use std::sync::atomic::{AtomicU64, Ordering};

use super::stage::Progress;

/// Counts the rows of a stage, from any thread.
pub(super) struct Tally {
    rows: AtomicU64,
    /// In bytes or in rows, whichever the whole is known in.
    done: AtomicU64,
    whole: AtomicU64,
}

impl Tally {
    /// Of a stage with so much to do.
    pub(super) fn new(whole: u64) -> Tally {
        Tally { rows: AtomicU64::new(0), done: AtomicU64::new(0), whole: AtomicU64::new(whole) }
    }

    /// Begins the next stage.
    pub(super) fn restart(&self, whole: u64) {
        self.rows.store(0, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.whole.store(whole, Ordering::Relaxed);
    }

    /// Counts more rows and reports where the stage is.
    pub(super) fn count(&self, progress: &dyn Progress, rows: u64, done: u64) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        let done = self.done.fetch_add(done, Ordering::Relaxed) + done;
        let whole = self.whole.load(Ordering::Relaxed).max(done).max(1);
        progress.rows(rows, (u128::from(done) * 100 / u128::from(whole)) as u8);
    }
}
