//! What the state of a date is a function of: which run published which date, up to this one.

use std::fmt::Write as _;

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

use crate::store::SnapshotInfo;

/// A snapshot with the mark of its history: equal marks mean equal states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkedDate {
    /// The date.
    pub date: NaiveDate,
    /// The run that published it.
    pub run: String,
    /// The mark, in hex: of all dates up to this one with their runs.
    pub mark: String,
}

/// The snapshots of a database, by date, with their marks.
pub(super) fn marked(snapshots: &[SnapshotInfo]) -> Vec<MarkedDate> {
    let mut hash = Sha256::new();
    let mut one = |snapshot: &SnapshotInfo| {
        let (date, run) = (snapshot.date, snapshot.run.to_string());
        hash.update(format!("{date} {run}\n"));
        MarkedDate { date, run, mark: hex(&hash.clone().finalize()) }
    };
    snapshots.iter().map(&mut one).collect()
}

/// Bytes as lowercase hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
