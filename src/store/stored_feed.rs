//! The stored rows of a feed around a date, read once when a transaction begins.

use chrono::NaiveDate;

use crate::store::branches::Branches;
use crate::store::current_rows::{CurrentRows, NO_ORGAN};
use crate::store::keys::KeyList;
use crate::store::stored_key::{StoredKey, StoredVersion};
use crate::timeline::Interval;

/// Facts of keys, in the order of the keys; those of one key in the order of their dates.
type ByKey<T> = (KeyList, Vec<T>);

/// The rows of one feed as far as a delivery of one date is concerned, in key order.
#[derive(Debug, Default)]
pub(super) struct StoredFeed {
    /// The rows of the snapshot table.
    current: CurrentRows,
    /// History rows that hold on the date or end on it.
    past: ByKey<StoredVersion>,
    /// Carry intervals that end on the date or later.
    carried: ByKey<Interval>,
    /// Dates, from the date on, on which only quarantined rows came and there was no version to carry.
    quarantined: ByKey<NaiveDate>,
    /// Branch of each organisation of the current rows and of each past row, for the feed whose rows belong to branches.
    organ_branch: Vec<Option<u32>>,
    past_branch: Vec<Option<u32>>,
    /// Rows of the snapshot before the date.
    rows_before: u64,
}

impl StoredFeed {
    /// With the rows of the snapshot table.
    pub(super) fn new(current: CurrentRows) -> StoredFeed {
        StoredFeed { current, ..StoredFeed::default() }
    }

    /// Adds a row of the history that holds on the date or ends on it, by key and first date.
    pub(super) fn push_past(&mut self, key: &str, version: StoredVersion) {
        self.past.0.push(key);
        self.past.1.push(version);
    }

    /// Adds the branch of the row that was added last to the history.
    pub(super) fn push_past_branch(&mut self, branch: Option<u32>) {
        self.past_branch.push(branch);
    }

    /// Adds an interval in which a key is carried that ends on the date or later, by key and first date.
    pub(super) fn push_carried(&mut self, key: &str, interval: Interval) {
        self.carried.0.push(key);
        self.carried.1.push(interval);
    }

    /// Adds a date, from the date on, on which only quarantined rows of a key came with nothing to carry, by key and date.
    pub(super) fn push_quarantined(&mut self, key: &str, date: NaiveDate) {
        self.quarantined.0.push(key);
        self.quarantined.1.push(date);
    }

    /// Counts the rows of the snapshot before the date, those of the snapshot table in their branches.
    pub(super) fn count(&mut self, date: NaiveDate, branches: Option<&mut Branches>) {
        let past = self.past.1.iter().filter(|version| is_before(version, date));
        self.rows_before = past.count() as u64;
        let mut of_organ = vec![0; self.current.organs.len()];
        for (from, organ) in self.current.places() {
            if from < date {
                self.rows_before += 1;
                if let Some(agents) = of_organ.get_mut(organ as usize) {
                    *agents += 1;
                }
            }
        }
        let Some(branches) = branches else { return };
        for (at, agents) in of_organ.into_iter().enumerate() {
            let branch = branches.branch_of(Some(self.current.organs.get(at)), false);
            branches.count_before(branch, agents);
            self.organ_branch.push(branch);
        }
    }

    /// The rows of the snapshot table.
    pub(super) fn current(&self) -> &CurrentRows {
        &self.current
    }

    /// Number of rows of the snapshot before the date.
    pub(super) fn rows_before(&self) -> u64 {
        self.rows_before
    }

    /// Whether the snapshot table holds no row.
    pub(super) fn is_empty(&self) -> bool {
        self.current.keys.len() == 0
    }

    /// Iterates over the stored keys in byte order.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { feed: self, current: 0, past: 0, carried: 0, quarantined: 0 }
    }
}

/// Whether a version belongs to the snapshot before a date, if it was read for that date.
pub(super) fn is_before(version: &StoredVersion, date: NaiveDate) -> bool {
    version.valid.from < date
}

/// Iterates over the keys of a [`StoredFeed`]. A key that has a carry interval may have its version later than what is
/// read of the history, so the intervals alone yield no key; nor does a version that begins after the date.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    feed: &'a StoredFeed,
    current: usize,
    past: usize,
    carried: usize,
    quarantined: usize,
}

/// What a [`Cursor`] finds of a key.
pub(super) struct TakenKey<'a> {
    /// What is stored.
    pub stored: StoredKey<'a>,
    /// The branch of its row in the snapshot before the date.
    pub branch: Option<u32>,
    /// The number of the organisation of its row in the snapshot table.
    pub organ: u32,
}

impl<'a> Cursor<'a> {
    /// The next key, without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let feed = self.feed;
        let listed = |keys: &'a KeyList, at| (at < keys.len()).then(|| keys.get(at));
        let current = listed(&feed.current.keys, self.current);
        let (past, quarantined) =
            (listed(&feed.past.0, self.past), listed(&feed.quarantined.0, self.quarantined));
        [current, past, quarantined].into_iter().flatten().min()
    }

    /// Consumes what is stored for this key, if it is the next one.
    pub(super) fn take(&mut self, key: &str) -> TakenKey<'a> {
        let feed = self.feed;
        let (mut stored, mut branch, mut organ) = (StoredKey::default(), None, NO_ORGAN);
        if self.current < feed.current.keys.len() && feed.current.keys.get(self.current) == key {
            stored.current = feed.current.version(self.current);
            organ = feed.current.organ(self.current);
            branch = feed.organ_branch.get(organ as usize).copied().flatten();
            self.current += 1;
        }
        let first_past = self.past;
        stored.past = take_all(&feed.past, &mut self.past, key);
        if !stored.past.is_empty() {
            // Of two rows the first ends on the date: it is the one of the snapshot before.
            branch = feed.past_branch.get(first_past).copied().flatten();
        }
        stored.carried = take_all(&feed.carried, &mut self.carried, key);
        stored.quarantined = take_all(&feed.quarantined, &mut self.quarantined, key);
        TakenKey { stored, branch, organ }
    }
}

/// Consumes the facts of a key, and those of keys before it that no row led to.
fn take_all<'a, T>((keys, facts): &'a ByKey<T>, next: &mut usize, key: &str) -> &'a [T] {
    while *next < keys.len() && keys.get(*next) < key {
        *next += 1;
    }
    let first = *next;
    while *next < keys.len() && keys.get(*next) == key {
        *next += 1;
    }
    facts.get(first..*next).unwrap_or_default()
}
