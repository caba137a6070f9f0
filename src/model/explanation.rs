//! Where a record comes from and what became of it.

use std::ops::Range;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::feed::Feed;
use super::finding::Message;
use super::listed_finding::ListedFinding;
use super::run_id::RunId;

/// All there is to say of one record on a published date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The feed.
    pub feed: Feed,
    /// Its key.
    pub id: String,
    /// The published date that is looked at.
    pub date: NaiveDate,
    /// What the record is on that date.
    pub state: RecordState,
    /// The values of the snapshot of that date, by column; empty where it does not have the record.
    pub values: Vec<ColumnValue>,
    /// The deliveries that the state comes from: that of the date first.
    pub deliveries: Vec<DeliveryTrace>,
    /// Its places in the trees of that date.
    pub places: Vec<TreePlace>,
    /// All its versions, oldest first, those after the date included.
    pub versions: Vec<RecordVersion>,
    /// Intervals during which its last good version was carried, oldest first; the end is exclusive.
    pub carried: Vec<(NaiveDate, Option<NaiveDate>)>,
    /// Its findings on that date.
    pub findings: Vec<ListedFinding>,
    /// Findings of published dates before, each unbroken row of dates with its last date, its first and its length; those
    /// that lead up to the date left out.
    pub earlier_findings: Vec<(NaiveDate, ListedFinding)>,
}

/// What a record is on a published date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// Published as delivered.
    Published {
        /// The business date from which this version holds.
        since: NaiveDate,
    },
    /// A bad row was delivered, and the last good version is published.
    Carried {
        /// Since when.
        since: NaiveDate,
    },
    /// Only bad rows were delivered, and there is no good version.
    Quarantined,
    /// Neither delivered nor carried.
    Absent {
        /// Since when, if it was there before.
        since: Option<NaiveDate>,
    },
}

/// A value of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnValue {
    /// The column.
    pub column: String,
    /// Its title.
    pub title: Message,
    /// The value; none where there is none.
    pub value: Option<String>,
}

/// One delivery and the lines of the record in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryTrace {
    /// Why it is shown.
    pub role: TraceRole,
    /// Its business date.
    pub date: NaiveDate,
    /// The run that published it.
    pub run: RunId,
    /// The file of the record's feed.
    pub file: TracedFile,
    /// Whether the archived file could be read.
    pub archive: ArchiveState,
    /// The lines with the record's key, in file order.
    pub lines: Vec<TracedLine>,
}

/// Why a delivery is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceRole {
    /// It is that of the date.
    OfDate,
    /// It is the last one with a good row of the record.
    LastGood,
    /// It is the last one with any row of the record, a bad one.
    LastSeen,
}

/// What is recorded of a delivered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedFile {
    /// Its name as delivered, in the zip file where it came in one.
    pub name: String,
    /// The zip file that it came in, as its archive says; hash and size are those of the zip file then.
    pub container: Option<String>,
    /// SHA-256 of the bytes as delivered.
    pub sha256: Option<String>,
    /// Size in bytes as delivered.
    pub size: u64,
    /// Encoding.
    pub encoding: Option<String>,
    /// Delimiter, verbatim.
    pub delimiter: Option<String>,
    /// Whether the first line is a header.
    pub header: Option<bool>,
}

/// Whether an archived file could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveState {
    /// It was read, and it is what was delivered.
    Read {
        /// Whether it came packed, so that offsets are those of the expanded bytes.
        expanded: bool,
    },
    /// It is not there any more; where it was.
    Gone(PathBuf),
    /// It cannot be read, or is not what was delivered.
    Unusable(Message),
}

/// A delivered line of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedLine {
    /// The physical line, 1-based.
    pub line: u64,
    /// Its bytes in the delivered file, the expanded one if it came packed, without the line end; none where the file
    /// could not be read.
    pub bytes: Option<Range<u64>>,
    /// The line, decoded.
    pub text: String,
    /// Its fields, in the order of the line; empty where the file could not be read.
    pub fields: Vec<TracedField>,
    /// What became of it.
    pub fate: LineFate,
}

/// A field of a delivered line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedField {
    /// Its name and title; none for a cell that is no field of the schema.
    pub name: Option<(String, Message)>,
    /// Where it stands in the text of the line.
    pub at: Range<usize>,
    /// What it says, its quotes left out.
    pub value: String,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFate {
    /// Published as delivered.
    Published,
    /// It repeats the published line.
    Repeated,
    /// Put into quarantine by these rules.
    Quarantined(Vec<String>),
}

/// The place of a record in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePlace {
    /// Name of the forest.
    pub forest: String,
    /// Its title.
    pub title: Message,
    /// The column that leads into a tree of other records, with its title; none where the record itself is in the tree.
    pub by: Option<(String, Message)>,
    /// The records above it, nearest first; through a column, the record that the column names is the first.
    pub above: Vec<TreeStep>,
    /// Why it ends there.
    pub end: TreeEnd,
}

/// A record above another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeStep {
    /// Its key.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// Why a way up a tree ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeEnd {
    /// The last record is a top.
    Top,
    /// The parent of the last record is not published.
    UnknownParent(String),
    /// The last record is in a cycle.
    Cycle,
    /// There are more above than are shown.
    Cut,
}

/// A version of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordVersion {
    /// The business date from which it holds.
    pub from: NaiveDate,
    /// The date from which it no longer holds; none while it lasts.
    pub to: Option<NaiveDate>,
    /// What differs from the version before; empty for the first.
    pub changes: Vec<ValueChange>,
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// The column.
    pub column: String,
    /// Its title.
    pub title: Message,
    /// What it was.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}
