//! The stored rows of a feed around a date, read once when a transaction begins.

use chrono::NaiveDate;
use rusqlite::{Connection, Row};

use crate::store::branches::Branches;
use crate::store::current_rows::{CurrentRows, NO_ORGAN, OrganNumbers};
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
    /// Reads the tables. `current` are the rows of the snapshot table, if they are known. `newest` is the newest date with a snapshot: nothing has ended after it. The rows of the snapshot
    /// before the date are counted in their branches, if the feed has any.
    pub(super) fn read(
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        newest: Option<NaiveDate>,
        current: Option<CurrentRows>,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<StoredFeed> {
        let current = match current {
            Some(current) => current,
            None => read_current(conn, table, branches.as_deref())?,
        };
        let mut stored = StoredFeed { current, ..StoredFeed::default() };
        stored.count_current(date, branches.as_deref_mut());
        if newest.is_some_and(|newest| date <= newest) {
            stored.read_past(conn, table, date, branches)?;
            stored.read_quarantined(conn, table, date)?;
        }
        stored.read_carried(conn, table, date)?;
        let past = stored.past.1.iter().filter(|version| is_before(version, date));
        stored.rows_before += past.count() as u64;
        Ok(stored)
    }

    /// Number of rows of the snapshot before the date.
    pub(super) fn rows_before(&self) -> u64 {
        self.rows_before
    }

    /// Whether the snapshot table holds no row.
    pub(super) fn is_empty(&self) -> bool {
        self.current.keys.len() == 0
    }

    /// Counts the rows of the snapshot before the date, each in its branch.
    fn count_current(&mut self, date: NaiveDate, branches: Option<&mut Branches>) {
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

    /// The rows of the snapshot table.
    pub(super) fn current(&self) -> &CurrentRows {
        &self.current
    }

    /// Iterates over the stored keys in byte order.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { feed: self, current: 0, past: 0, carried: 0, quarantined: 0 }
    }
}

/// Reads the rows of the snapshot table.
pub(super) fn read_current(
    conn: &Connection,
    table: &FeedTable,
    branches: Option<&Branches>,
) -> rusqlite::Result<CurrentRows> {
    let sql = format!(
        "select {key}, valid_from, content_hash, {} from {} order by {key}",
        branch_column(branches),
        table.name(),
        key = table.quoted_key(),
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut current, mut numbers) = (CurrentRows::default(), OrganNumbers::default());
    let mut dates = DateReader::default();
    while let Some(row) = rows.next()? {
        let organ = numbers.number(&mut current.organs, row.get_ref(3)?.as_str_or_null()?);
        let from = first_date(&mut dates, row, 1)?;
        current.push(row.get_ref(0)?.as_str()?, from, row.get(2)?, organ);
    }
    Ok(current)
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
