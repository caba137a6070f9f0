//! A delivery as the rules see it: four files, parsed or not, and which of their rows are accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use polars_arrow::array::Utf8ViewArray;

use crate::config::schema::{FeedSchema, Schema};
use crate::keys::KeyIndex;
use crate::model::{Feed, PerFeed, RecordedFiles};
use crate::parse::{Parsed, Unparsable};

/// The four files of a delivery.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// The contract.
    pub schema: &'a Schema,
    /// One a feed, in [`Feed::ALL`] order.
    pub files: PerFeed<FileInput<'a>>,
    /// What is known beside the files.
    pub background: Background,
}

/// What is known of a delivery beside its files.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// When the run started.
    pub now: DateTime<Utc>,
    /// The business date of the delivery, where it is known.
    pub date: Option<NaiveDate>,
    /// A file older than this is stale; `None` is any age.
    pub freshness: Option<Duration>,
    /// What was published for the newest earlier business date.
    pub published: Option<RecordedFiles>,
}

/// One file of a delivery.
#[derive(Debug)]
pub struct FileInput<'a> {
    /// The feed.
    pub feed: Feed,
    /// The file's name.
    pub name: String,
    /// SHA-256 of its bytes, lowercase hex; `None` if it was not read.
    pub sha256: Option<String>,
    /// Modification time at the source, where it is known.
    pub mtime: Option<DateTime<Utc>>,
    /// What became of it.
    pub state: FileState<'a>,
}

/// What became of a file.
#[derive(Debug)]
pub enum FileState<'a> {
    /// It is not there.
    Missing {
        /// Names at the source that are near it.
        near: Vec<String>,
    },
    /// It is larger than the job allows, and was not read.
    Oversized {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It holds no records.
    Unparsable(Unparsable),
    /// Its records, and an index of their keys.
    Parsed(Box<Parsed<'a>>, KeyIndex),
}

/// A readable file with its schema and key column.
#[derive(Debug, Clone, Copy)]
pub struct Readable<'d, 'a> {
    /// The feed.
    pub feed: Feed,
    /// The feed's schema.
    pub schema: &'d FeedSchema,
    /// The records.
    pub parsed: &'d Parsed<'a>,
    /// Keys by row, null where the key cannot be read.
    pub keys: &'d Utf8ViewArray,
    /// Key to row.
    pub index: &'d KeyIndex,
}

impl<'a> Delivery<'a> {
    /// The file of a feed, if it could be parsed.
    pub fn readable(&self, feed: Feed) -> Option<Readable<'_, 'a>> {
        let schema = self.schema.feed(feed);
        match &self.files[feed].state {
            FileState::Parsed(parsed, index) => {
                let keys = parsed.table.text(&schema.key_field().name)?;
                Some(Readable { feed, schema, parsed, keys, index })
            }
            FileState::Missing { .. } | FileState::Oversized { .. } | FileState::Unparsable(_) => {
                None
            }
        }
    }
}

impl Readable<'_, '_> {
    /// The 1-based physical line of a row.
    pub fn line(&self, row: u32) -> u64 {
        u64::from(self.parsed.table.lines()[row as usize])
    }

    /// The row of a 1-based line, if it holds a record.
    pub fn row(&self, line: u64) -> Option<u32> {
        let line = u32::try_from(line).ok()?;
        self.parsed.table.lines().binary_search(&line).ok().map(|row| row as u32)
    }

    /// The key of a row, if it can be read.
    pub fn key(&self, row: u32) -> Option<&str> {
        self.keys.get(row as usize)
    }

    /// The row of a key.
    pub fn find(&self, key: &str) -> Option<u32> {
        self.index.find(self.keys, key)
    }

    /// The cell of a field on a row as delivered.
    pub fn delivered(&self, row: u32, field: usize) -> Option<String> {
        self.parsed.cell(self.line(row) as usize - 1, field)
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStatus {
    /// Published as delivered.
    Accepted,
    /// Kept in quarantine.
    Quarantined,
    /// The same record again; the first one counts.
    Repeated,
}

/// A line that is kept in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedLine {
    /// 1-based physical line.
    pub line: u32,
    /// Codes of the rules that put it there, sorted.
    pub rules: Vec<&'static str>,
}

/// Which rows of one feed are accepted.
#[derive(Debug, Default)]
pub struct Acceptance {
    /// By row.
    pub status: Vec<RowStatus>,
    /// Accepted rows, sorted by key bytewise: the order of the snapshot table and of the trees.
    pub order: Vec<u32>,
    /// For each row its position in `order`, [`Acceptance::NOWHERE`] if it is not accepted.
    pub position: Vec<u32>,
    /// Quarantined lines, in line order.
    pub quarantined: Vec<QuarantinedLine>,
    /// Number of rows that repeat an accepted one.
    pub repeated: u64,
    /// Keys of quarantined lines that are no rows, each with its line: the text in the key's place shows whose line it
    /// is. A key that another line has too, read or presumed, is not among them.
    pub presumed: BTreeMap<String, u32>,
}

impl Acceptance {
    /// The position of a row that is not accepted.
    pub const NOWHERE: u32 = u32::MAX;

    /// Settles every row of a feed: what a rule put into quarantine stays out, and of the rows that
    /// repeat a key the first of the others is accepted. Makes that row the one that references find.
    pub fn settle(
        file: &mut FileInput<'_>,
        schema: &FeedSchema,
        quarantined: Vec<QuarantinedLine>,
    ) -> Acceptance {
        let FileState::Parsed(parsed, index) = &mut file.state else {
            return Acceptance::default();
        };
        let Some(keys) = parsed.table.text(&schema.key_field().name) else {
            return Acceptance::default();
        };
        let mut status = vec![RowStatus::Accepted; parsed.table.len()];
        let lines = parsed.table.lines();
        for line in &quarantined {
            if let Ok(row) = lines.binary_search(&line.line) {
                status[row] = RowStatus::Quarantined;
            }
        }
        let mut repeated = 0;
        for group in index.repeated().to_vec() {
            let mut standing =
                group.into_iter().filter(|r| status[*r as usize] == RowStatus::Accepted);
            let Some(first) = standing.next() else { continue };
            let rest: Vec<u32> = standing.collect();
            repeated += rest.len() as u64;
            rest.into_iter().for_each(|row| status[row as usize] = RowStatus::Repeated);
            index.represent(keys, first);
        }
        let presumed =
            presumed_keys(parsed, schema, &quarantined, |key| index.find(keys, key).is_some());
        let accepted =
            (0..status.len() as u32).filter(|r| status[*r as usize] == RowStatus::Accepted);
        let order = sorted_by_key(accepted.collect(), keys);
        let mut position = vec![Acceptance::NOWHERE; status.len()];
        for (at, row) in order.iter().enumerate() {
            position[*row as usize] = at as u32;
        }
        Acceptance { status, order, position, quarantined, repeated, presumed }
    }

    /// Whether a row is accepted.
    pub fn accepts(&self, row: u32) -> bool {
        self.position[row as usize] != Acceptance::NOWHERE
    }
}

/// Whose lines the quarantined lines without a row are, as far as it can be presumed.
fn presumed_keys(
    parsed: &Parsed<'_>,
    schema: &FeedSchema,
    quarantined: &[QuarantinedLine],
    is_read: impl Fn(&str) -> bool,
) -> BTreeMap<String, u32> {
    let mut presumed: BTreeMap<String, Option<u32>> = BTreeMap::new();
    for line in quarantined.iter().map(|line| line.line) {
        if parsed.table.lines().binary_search(&line).is_ok() {
            continue;
        }
        if let Some(key) = parsed.presumed_key(line as usize - 1, schema.key) {
            let only = (!is_read(&key)).then_some(line);
            presumed.entry(key).and_modify(|line| *line = None).or_insert(only);
        }
    }
    presumed.into_iter().filter_map(|(key, line)| Some((key, line?))).collect()
}

/// Rows by key. Sixteen bytes of the key decide nearly always and sort ten times as fast as the text.
fn sorted_by_key(rows: Vec<u32>, keys: &Utf8ViewArray) -> Vec<u32> {
    let key = |row: u32| keys.get(row as usize).unwrap_or("");
    if rows.is_sorted_by(|a, b| key(*a) <= key(*b)) {
        return rows;
    }
    let prefix = |row: u32| {
        let mut bytes = [0u8; 16];
        let key = key(row).as_bytes();
        let length = key.len().min(16);
        bytes[..length].copy_from_slice(&key[..length]);
        u128::from_be_bytes(bytes)
    };
    let mut packed: Vec<(u128, u32)> = rows.into_iter().map(|row| (prefix(row), row)).collect();
    packed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))));
    packed.into_iter().map(|(_, row)| row).collect()
}
