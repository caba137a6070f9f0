//! The stored rows of a feed around a date, read once when a transaction begins.

use chrono::NaiveDate;
use rusqlite::{Connection, Row};

use crate::store::branches::Branches;
use crate::store::dates::{DateReader, iso};
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::keys::KeyList;
use crate::store::stored_key::{Content, Place, StoredKey, StoredVersion};
use crate::timeline::Interval;

/// Facts of keys, in the order of the keys; those of one key in the order of their dates.
type ByKey<T> = (KeyList, Vec<T>);

/// The rows of one feed as far as a delivery of one date is concerned, in key order.
#[derive(Debug, Default)]
pub(super) struct StoredFeed {
    /// The keys of the snapshot table, in order.
    keys: KeyList,
    /// As `keys`: its rows.
    current: Vec<StoredVersion>,
    /// History rows that hold on the date or end on it.
    past: ByKey<StoredVersion>,
    /// Carry intervals that end on the date or later.
    carried: ByKey<Interval>,
    /// Dates, from the date on, on which only quarantined rows came and there was no version to carry.
    quarantined: ByKey<NaiveDate>,
    /// Branch of each current and each past row, for the feed whose rows belong to branches.
    current_branch: Vec<Option<u32>>,
    past_branch: Vec<Option<u32>>,
    /// Rows of the snapshot before the date.
    rows_before: u64,
}

impl StoredFeed {
    /// Reads the tables. `newest` is the newest date with a snapshot: nothing has ended after it. The rows of the snapshot
    /// before the date are counted in their branches, if the feed has any.
    pub(super) fn read(
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        newest: Option<NaiveDate>,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<StoredFeed> {
        let mut stored = StoredFeed::default();
        stored.read_current(conn, table, date, branches.as_deref_mut())?;
        if newest.is_some_and(|newest| date <= newest) {
            stored.read_past(conn, table, date, branches)?;
            stored.read_quarantined(conn, table, date)?;
        }
        stored.read_carried(conn, table, date)?;
        let versions = stored.current.iter().chain(&stored.past.1);
        stored.rows_before = versions.filter(|version| is_before(version, date)).count() as u64;
        Ok(stored)
    }

    /// Number of rows of the snapshot before the date.
    pub(super) fn rows_before(&self) -> u64 {
        self.rows_before
    }

    /// Whether the snapshot table holds no row.
    pub(super) fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    fn read_current(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "select {key}, valid_from, content_hash, {} from {} order by {key}",
            branch_column(branches.as_deref()),
            table.name(),
            key = table.quoted_key(),
        );
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut dates = DateReader::default();
        while let Some(row) = rows.next()? {
            let content = Content { hash: row.get(2)?, place: Place::Current };
            let valid = Interval { from: first_date(&mut dates, row, 1)?, to: None };
            let version = StoredVersion { content, valid };
            self.keys.push(row.get_ref(0)?.as_str()?);
            self.current.push(version);
            if let Some(branches) = branches.as_deref_mut() {
                let organ = row.get_ref(3)?.as_str_or_null()?;
                self.current_branch.push(branches.branch_of(organ, is_before(&version, date)));
            }
        }
        Ok(())
    }

    fn read_past(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "select {key}, valid_from, valid_to, content_hash, {} from {} \
             where valid_to >= ?1 and valid_from <= ?1 order by +{key}, valid_from",
            branch_column(branches.as_deref()),
            table.history(),
            key = table.quoted_key(),
        );
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([iso(date)])?;
        let (mut from, mut to) = (DateReader::default(), DateReader::default());
        while let Some(row) = rows.next()? {
            let from = first_date(&mut from, row, 1)?;
            let content = Content { hash: row.get(3)?, place: Place::History(from) };
            let valid = Interval { from, to: to.read(row.get_ref(2)?)? };
            let version = StoredVersion { content, valid };
            self.past.0.push(row.get_ref(0)?.as_str()?);
            self.past.1.push(version);
            if let Some(branches) = branches.as_deref_mut() {
                let organ = row.get_ref(4)?.as_str_or_null()?;
                self.past_branch.push(branches.branch_of(organ, is_before(&version, date)));
            }
        }
        Ok(())
    }

    fn read_carried(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
    ) -> rusqlite::Result<()> {
        let sql = "select id, carried_from, carried_to from carry \
                   where feed = ?1 and (carried_to is null or carried_to >= ?2) order by id, carried_from";
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query([table.name(), &iso(date)])?;
        let (mut from, mut to) = (DateReader::default(), DateReader::default());
        while let Some(row) = rows.next()? {
            self.carried.0.push(row.get_ref(0)?.as_str()?);
            let from = first_date(&mut from, row, 1)?;
            self.carried.1.push(Interval { from, to: to.read(row.get_ref(2)?)? });
        }
        Ok(())
    }

    fn read_quarantined(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
    ) -> rusqlite::Result<()> {
        let sql = "select id, business_date from quarantined_key \
                   where feed = ?1 and business_date >= ?2 order by id, business_date";
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query([table.name(), &iso(date)])?;
        let mut dates = DateReader::default();
        while let Some(row) = rows.next()? {
            self.quarantined.0.push(row.get_ref(0)?.as_str()?);
            self.quarantined.1.push(first_date(&mut dates, row, 1)?);
        }
        Ok(())
    }

    /// Iterates over the stored keys in byte order.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { feed: self, current: 0, past: 0, carried: 0, quarantined: 0 }
    }
}

/// Whether a version belongs to the snapshot before a date, if it was read for that date.
fn is_before(version: &StoredVersion, date: NaiveDate) -> bool {
    version.valid.from < date
}

fn first_date(reader: &mut DateReader, row: &Row<'_>, at: usize) -> rusqlite::Result<NaiveDate> {
    Ok(reader.read(row.get_ref(at)?)?.unwrap_or(NaiveDate::MIN))
}

/// The select expression for the branch of a row.
fn branch_column(branches: Option<&Branches>) -> String {
    branches.and_then(Branches::column).map_or_else(|| "null".to_owned(), quoted)
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

impl<'a> Cursor<'a> {
    /// The next key, without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let feed = self.feed;
        let listed = |keys: &'a KeyList, at| (at < keys.len()).then(|| keys.get(at));
        let current = listed(&feed.keys, self.current);
        let (past, quarantined) =
            (listed(&feed.past.0, self.past), listed(&feed.quarantined.0, self.quarantined));
        [current, past, quarantined].into_iter().flatten().min()
    }

    /// Consumes what is stored for this key, if it is the next one; returns it and the branch of its row in the snapshot
    /// before the date.
    pub(super) fn take(&mut self, key: &str) -> (StoredKey<'a>, Option<u32>) {
        let feed = self.feed;
        let (mut stored, mut branch) = (StoredKey::default(), None);
        if self.current < feed.keys.len() && feed.keys.get(self.current) == key {
            stored.current = feed.current.get(self.current).copied();
            branch = feed.current_branch.get(self.current).copied().flatten();
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
        (stored, branch)
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
