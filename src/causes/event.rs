//! What may have happened to a delivery, with the facts that the sentences need.

use crate::model::{CauseKind, Feed, PerFeed};

/// An event.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// Records that others refer to, or from which others hang, are not there.
    Missing(Missing),
    /// The end of a file is not there.
    CutShort {
        feed: Feed,
        /// Records of the delivery before that are gone, where it is known.
        gone: Option<u64>,
        /// Whether the last line breaks off.
        torn: bool,
        /// The last line of the file.
        line: Option<u64>,
    },
    /// Cells stand in other columns than they should.
    Shifted {
        feed: Feed,
        /// The first field at fault.
        field: String,
        /// Whether the cells stand too far right.
        right: bool,
        /// First and last line, and how many.
        first: u64,
        last: u64,
        lines: u64,
    },
    /// Lines that all have as many fields too many, or too few.
    FieldCount(FieldCount),
    /// One value in most cells of a column, or values of one form: the most frequent ones.
    Uniform { feed: Feed, field: String, values: Vec<String>, cells: u64, line: Option<u64> },
    /// A run of lines in another encoding.
    OtherEncoding {
        feed: Feed,
        first: u64,
        last: u64,
        /// The encoding of the lines, and that of the file.
        lines_are: &'static str,
        file_is: &'static str,
    },
    /// Records that have come back under other keys; the first of them.
    Renumbered { feed: Feed, records: u64, old: String, new: String, name: String, line: u64 },
    /// A file of another day than the others.
    OtherDay {
        /// The file to look at first, and all that are to the byte those of the delivery before.
        feed: Feed,
        files: Vec<Feed>,
        /// Keys that do not fit together.
        keys: u64,
    },
    /// Findings of one rule in one field.
    SameRule { feed: Feed, field: Option<String>, value: Option<String>, line: Option<u64> },
}

/// Records that are not there.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    /// The feed that should hold them.
    pub(super) feed: Feed,
    /// How many.
    pub(super) records: u64,
    /// The first of them, or the one from which the others hang, if it may be shown.
    pub(super) key: Option<String>,
    /// Its name, where it is known and it is the only one.
    pub(super) name: Option<String>,
    /// The line on which it stands, where it was delivered and put into quarantine.
    pub(super) quarantined: Option<u64>,
    /// Whether the delivery before had them.
    pub(super) had_before: bool,
    /// The organisation that lacks them, where all belong to one that is there: id and name.
    pub(super) organ: Option<(String, String)>,
    /// A line that refers to it, and its feed.
    pub(super) named_at: Option<(Feed, u64)>,
    /// How many records of each feed are gone with an organisation that is missing, itself included.
    pub(super) below: PerFeed<u64>,
}

/// Lines with the same wrong number of fields.
#[derive(Debug, Clone)]
pub(super) struct FieldCount {
    pub(super) feed: Feed,
    /// First and last line, and how many.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) lines: u64,
    /// How many fields they have, and how many they should have.
    pub(super) found: u64,
    pub(super) wanted: u64,
    /// The first and the last field from which on the others may stand in other columns, where it is known.
    pub(super) between: Option<(String, String)>,
}

impl Missing {
    /// The feeds that lack records of an organisation that is missing.
    pub(super) fn lacking(&self) -> Vec<Feed> {
        Feed::ALL.into_iter().filter(|feed| self.below[*feed] > 0).collect()
    }
}

impl Event {
    pub(super) fn kind(&self) -> CauseKind {
        match self {
            Event::Missing(_) => CauseKind::MissingRecord,
            Event::CutShort { .. } => CauseKind::FileCutShort,
            Event::Shifted { .. } | Event::FieldCount(_) => CauseKind::ShiftedColumns,
            Event::Uniform { .. } => CauseKind::UniformValue,
            Event::OtherEncoding { .. } => CauseKind::OtherEncoding,
            Event::Renumbered { .. } => CauseKind::Renumbered,
            Event::OtherDay { .. } => CauseKind::MixedDates,
            Event::SameRule { .. } => CauseKind::SameRule,
        }
    }

    /// The feed and the line to look at first.
    pub(super) fn place(&self) -> (Feed, Option<u64>) {
        match self {
            Event::Missing(missing) => (missing.feed, missing.quarantined),
            Event::OtherDay { feed, .. } => (*feed, None),
            Event::Shifted { feed, first, .. } | Event::OtherEncoding { feed, first, .. } => {
                (*feed, Some(*first))
            }
            Event::FieldCount(count) => (count.feed, Some(count.first)),
            Event::Renumbered { feed, line, .. } => (*feed, Some(*line)),
            Event::CutShort { feed, line, .. }
            | Event::Uniform { feed, line, .. }
            | Event::SameRule { feed, line, .. } => (*feed, *line),
        }
    }

    /// The key of the record that it is about.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Event::Missing(missing) => missing.key.as_deref(),
            Event::Renumbered { old, .. } => Some(old),
            _ => None,
        }
    }
}
