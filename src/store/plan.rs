//! Decides the fewest writes that turn the stored rows into the delivered ones; pure, without a database.
//!
//! A table keeps one open version a key; closed versions stand in the history as `[valid_from, valid_to)`.
//! Whatever is imported for a date D is compared with the *base*: the state as of before D. When D is new,
//! the base is the table as it stands. When D is the newest date and is imported once more, the base is
//! what the table held before D: open versions older than D, and versions closed at D, which count as
//! open. So the result is the same as if only the last delivery of D had ever been imported, and a row that is
//! already stored correctly is not written.

use chrono::NaiveDate;

/// What is stored for one key, as far as an import for one date is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StoredKey {
    /// The row in the current table.
    pub open: Option<OpenVersion>,
    /// The history row that was closed at the date of the import.
    pub closed: Option<ClosedVersion>,
    /// Start of the carry interval that was ended at the date of the import.
    pub carry_ended: Option<NaiveDate>,
}

/// A row of the current table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenVersion {
    /// Its rowid.
    pub row: i64,
    /// The content hash as SQLite holds it.
    pub hash: i64,
    /// Business date of the version.
    pub valid_from: NaiveDate,
    /// Start of the open carry interval.
    pub carried_since: Option<NaiveDate>,
}

/// A row of the history table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClosedVersion {
    /// Its rowid.
    pub row: i64,
    /// The content hash as SQLite holds it.
    pub hash: i64,
}

/// What the snapshot before the date of an import holds for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// A row of the current table.
    Open(OpenVersion),
    /// A row of the history table.
    Closed(ClosedVersion),
}

impl Base {
    /// Its content hash.
    pub(super) fn hash(&self) -> i64 {
        match self {
            Base::Open(open) => open.hash,
            Base::Closed(closed) => closed.hash,
        }
    }
}

impl StoredKey {
    /// What the snapshot before the date holds.
    pub(super) fn base(&self, date: NaiveDate) -> Option<Base> {
        let older = self.open.filter(|open| open.valid_from < date);
        older.map(Base::Open).or(self.closed.map(Base::Closed))
    }
}

/// What the delivery contains for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivered {
    /// An accepted row, by its content hash.
    Accepted(i64),
    /// Only rows that were quarantined.
    Quarantined,
    /// Nothing.
    Absent,
}

/// What to write to the current table and the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowChange {
    /// Nothing.
    Keep,
    /// Insert the delivered row, valid from the date.
    Insert,
    /// Write the delivered row over this row, valid from the date.
    Overwrite {
        /// The row.
        row: i64,
        /// Whether the version that stands there is closed at the date, and since when it was carried.
        archive: Option<Archive>,
    },
    /// Delete this row.
    Delete {
        /// The row.
        row: i64,
        /// As above.
        archive: Option<Archive>,
    },
    /// Set `carried_since`, nothing else.
    SetCarriedSince {
        /// The row.
        row: i64,
        /// The new value.
        carried_since: Option<NaiveDate>,
    },
    /// Bring a version back that was closed at the date, and take it out of the history.
    Reopen {
        /// The history row.
        closed: i64,
        /// The current row that it replaces.
        over: Option<i64>,
        /// The value of `carried_since`.
        carried_since: Option<NaiveDate>,
    },
}

/// How a version goes into the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Archive {
    /// Since when the version was carried when it ended.
    pub carried_since: Option<NaiveDate>,
}

/// What to write to the carry intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CarryChange {
    /// Nothing.
    Keep,
    /// An interval starts at the date.
    Begin,
    /// The interval that started at the date is deleted.
    Discard,
    /// The interval that started then ends at the date.
    End(NaiveDate),
    /// The interval that started then is open again.
    Resume(NaiveDate),
}

/// The change of one key by the import, compared with an earlier state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOutcome {
    /// It was absent and is now present.
    Added,
    /// Its content differs.
    Changed,
    /// It was present and is now absent.
    Removed,
    /// Its last good version is carried.
    Carried,
    /// Its content is the same.
    Unchanged,
    /// It was absent and still is.
    Nothing,
}

/// The writes and the outcome for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyPlan {
    /// Writes to the row.
    pub row: RowChange,
    /// Writes to the carry intervals.
    pub carry: CarryChange,
    /// Compared with the snapshot before the date.
    pub snapshot_outcome: KeyOutcome,
    /// Compared with the tables before the import.
    pub table_outcome: KeyOutcome,
}

/// Plans one key when `delivered` is imported for `date`.
pub(super) fn plan_key(date: NaiveDate, stored: &StoredKey, delivered: Delivered) -> KeyPlan {
    let (row, carry, snapshot_outcome) = match stored.base(date) {
        Some(Base::Open(base)) => from_open(date, &base, stored.carry_ended, delivered),
        Some(Base::Closed(base)) => from_closed(date, &base, stored, delivered),
        None => from_nothing(stored.open, delivered),
    };
    let table_outcome = match (snapshot_outcome, row) {
        (KeyOutcome::Carried, _) => KeyOutcome::Carried,
        (_, RowChange::Insert | RowChange::Reopen { over: None, .. }) => KeyOutcome::Added,
        (_, RowChange::Overwrite { .. } | RowChange::Reopen { over: Some(_), .. }) => {
            KeyOutcome::Changed
        }
        (_, RowChange::Delete { .. }) => KeyOutcome::Removed,
        (_, RowChange::Keep | RowChange::SetCarriedSince { .. }) if stored.open.is_some() => {
            KeyOutcome::Unchanged
        }
        (_, RowChange::Keep | RowChange::SetCarriedSince { .. }) => KeyOutcome::Nothing,
    };
    KeyPlan { row, carry, snapshot_outcome, table_outcome }
}

/// The base is in the current table: no earlier delivery of the date replaced it.
fn from_open(
    date: NaiveDate,
    base: &OpenVersion,
    carry_ended: Option<NaiveDate>,
    delivered: Delivered,
) -> (RowChange, CarryChange, KeyOutcome) {
    let OpenVersion { row, hash, carried_since, .. } = *base;
    // An interval that started at the date itself is not part of the base.
    let carried_before = carried_since.filter(|since| *since < date).or(carry_ended);
    let end = match carried_since {
        Some(since) if since < date => CarryChange::End(since),
        Some(_) => CarryChange::Discard,
        None => CarryChange::Keep,
    };
    let archive = Some(Archive { carried_since: carried_before });
    match delivered {
        Delivered::Accepted(new) if new == hash => {
            let change = match carried_since {
                Some(_) => RowChange::SetCarriedSince { row, carried_since: None },
                None => RowChange::Keep,
            };
            (change, end, KeyOutcome::Unchanged)
        }
        Delivered::Accepted(_) => (RowChange::Overwrite { row, archive }, end, KeyOutcome::Changed),
        Delivered::Quarantined if carried_since.is_some() => {
            (RowChange::Keep, CarryChange::Keep, KeyOutcome::Carried)
        }
        Delivered::Quarantined => {
            let (since, carry) = resume(date, carry_ended);
            (
                RowChange::SetCarriedSince { row, carried_since: Some(since) },
                carry,
                KeyOutcome::Carried,
            )
        }
        Delivered::Absent => (RowChange::Delete { row, archive }, end, KeyOutcome::Removed),
    }
}

/// The base was closed at the date by the delivery that this one replaces.
fn from_closed(
    date: NaiveDate,
    base: &ClosedVersion,
    stored: &StoredKey,
    delivered: Delivered,
) -> (RowChange, CarryChange, KeyOutcome) {
    let over = stored.open.map(|open| open.row);
    let closed = base.row;
    match delivered {
        Delivered::Accepted(new) if new == base.hash => {
            let change = RowChange::Reopen { closed, over, carried_since: None };
            (change, CarryChange::Keep, KeyOutcome::Unchanged)
        }
        Delivered::Accepted(new) => {
            (place(stored.open, new), CarryChange::Keep, KeyOutcome::Changed)
        }
        Delivered::Quarantined => {
            let (since, carry) = resume(date, stored.carry_ended);
            (
                RowChange::Reopen { closed, over, carried_since: Some(since) },
                carry,
                KeyOutcome::Carried,
            )
        }
        Delivered::Absent => (remove(stored.open), CarryChange::Keep, KeyOutcome::Removed),
    }
}

/// The key was absent before the date.
fn from_nothing(
    open: Option<OpenVersion>,
    delivered: Delivered,
) -> (RowChange, CarryChange, KeyOutcome) {
    match delivered {
        Delivered::Accepted(new) => (place(open, new), CarryChange::Keep, KeyOutcome::Added),
        Delivered::Quarantined | Delivered::Absent => {
            (remove(open), CarryChange::Keep, KeyOutcome::Nothing)
        }
    }
}

/// Writes the delivered row, over the row that an earlier delivery of the date may have put there.
fn place(open: Option<OpenVersion>, hash: i64) -> RowChange {
    match open {
        None => RowChange::Insert,
        Some(open) if open.hash == hash => RowChange::Keep,
        Some(open) => RowChange::Overwrite { row: open.row, archive: None },
    }
}

/// Deletes the row that an earlier delivery of the date may have put there.
fn remove(open: Option<OpenVersion>) -> RowChange {
    match open {
        None => RowChange::Keep,
        Some(open) => RowChange::Delete { row: open.row, archive: None },
    }
}

/// Starts a carry interval at the date, or resumes the one that was ended at the date.
fn resume(date: NaiveDate, ended: Option<NaiveDate>) -> (NaiveDate, CarryChange) {
    match ended {
        Some(since) => (since, CarryChange::Resume(since)),
        None => (date, CarryChange::Begin),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
