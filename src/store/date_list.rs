//! The dates with a delivery, before a transaction and after it.

use chrono::NaiveDate;

/// Which dates there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dates<'a> {
    /// The date of the transaction.
    pub date: NaiveDate,
    /// All dates with a delivery, before the transaction or after it, ascending; this one among them.
    pub all: &'a [NaiveDate],
    /// Whether the date had a delivery before the transaction.
    pub known: bool,
    /// Whether the date has a delivery after the transaction.
    pub kept: bool,
}

impl<'a> Dates<'a> {
    /// Whether there are dates after this one.
    pub(super) fn has_later(&self) -> bool {
        self.all.last().is_some_and(|last| self.date < *last)
    }

    /// The dates from this one on that have a delivery after the transaction.
    pub(super) fn this_and_later(self) -> impl Iterator<Item = NaiveDate> + 'a {
        let first = self.all.partition_point(|date| *date < self.date);
        let dates = self.all.iter().skip(first).copied();
        dates.filter(move |date| self.kept || *date != self.date)
    }

    /// The last date before this one.
    pub(super) fn previous(&self) -> Option<NaiveDate> {
        let at = self.all.partition_point(|date| *date < self.date);
        at.checked_sub(1).and_then(|at| self.all.get(at)).copied()
    }

    /// The oldest date before the transaction.
    pub(super) fn oldest_before(&self) -> Option<NaiveDate> {
        self.oldest(self.known)
    }

    /// The oldest date after the transaction.
    pub(super) fn oldest_after(&self) -> Option<NaiveDate> {
        self.oldest(self.kept)
    }

    fn oldest(&self, with_this: bool) -> Option<NaiveDate> {
        self.all.iter().copied().find(|date| with_this || *date != self.date)
    }
}
