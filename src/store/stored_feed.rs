//! The stored rows of a feed, read once when a publication begins.

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::store::branches::Branches;
use crate::store::dates::{DateReader, iso};
use crate::store::keys::KeyList;
use crate::store::layout::{FeedTable, quoted};
use crate::store::plan::{ClosedVersion, OpenVersion, StoredKey};

/// The rows of one feed as far as an import for one date is concerned, in key order.
#[derive(Debug, Default)]
pub(super) struct StoredFeed {
    keys: KeyList,
    /// As `keys`.
    open: Vec<OpenVersion>,
    /// Positions in `keys`, by key.
    order: Vec<u32>,
    /// History rows that were closed at the date, by key.
    closed: Vec<(String, ClosedVersion)>,
    /// Carry intervals that were ended at the date: key and start, by key.
    ended: Vec<(String, NaiveDate)>,
    /// Branch of each open and each closed row, for the feed whose rows belong to branches.
    open_branch: Vec<Option<u32>>,
    closed_branch: Vec<Option<u32>>,
    /// Rows of the snapshot before the date.
    rows_before: u64,
}

impl StoredFeed {
    /// Reads the tables. `again` means that the date is the newest one; then the versions closed by its earlier
    /// delivery are read too. The rows of the snapshot before are counted in their branches, if the feed has any.
    pub(super) fn read(
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        again: bool,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<StoredFeed> {
        let mut base = StoredFeed::default();
        base.read_open(conn, table, date, branches.as_deref_mut())?;
        base.order = base.keys.sorted();
        if again {
            base.read_closed(conn, table, date, branches)?;
            base.read_ended(conn, table, date)?;
        }
        let older = base.open.iter().filter(|open| open.valid_from < date).count();
        base.rows_before = (older + base.closed.len()) as u64;
        Ok(base)
    }

    /// Number of rows of the snapshot before the date.
    pub(super) fn rows_before(&self) -> u64 {
        self.rows_before
    }

    /// Whether the current table holds no row.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn read_open(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "select rowid, {}, valid_from, carried_since, content_hash, {} from {}",
            quoted(&table.key),
            branch_column(branches.as_deref()),
            table.name()
        );
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut from, mut since) = (DateReader::default(), DateReader::default());
        while let Some(row) = rows.next()? {
            let open = OpenVersion {
                row: row.get(0)?,
                hash: row.get(4)?,
                valid_from: from.read(row.get_ref(2)?)?.unwrap_or(NaiveDate::MIN),
                carried_since: since.read(row.get_ref(3)?)?,
            };
            self.keys.push(row.get_ref(1)?.as_str()?);
            self.open.push(open);
            if let Some(branches) = branches.as_deref_mut() {
                let counted = open.valid_from < date;
                self.open_branch
                    .push(branches.branch_of(row.get_ref(5)?.as_str_or_null()?, counted));
            }
        }
        Ok(())
    }

    fn read_closed(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
        mut branches: Option<&mut Branches>,
    ) -> rusqlite::Result<()> {
        let key = quoted(&table.key);
        let sql = format!(
            "select rowid, {key}, content_hash, {} from {}_history where valid_to = ?1 order by {key}",
            branch_column(branches.as_deref()),
            table.name()
        );
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([iso(date)])?;
        while let Some(row) = rows.next()? {
            self.closed.push((row.get(1)?, ClosedVersion { row: row.get(0)?, hash: row.get(2)? }));
            if let Some(branches) = branches.as_deref_mut() {
                self.closed_branch
                    .push(branches.branch_of(row.get_ref(3)?.as_str_or_null()?, true));
            }
        }
        Ok(())
    }

    fn read_ended(
        &mut self,
        conn: &Connection,
        table: &FeedTable,
        date: NaiveDate,
    ) -> rusqlite::Result<()> {
        let sql =
            "select id, carried_from from carry where feed = ?1 and carried_to = ?2 order by id";
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query([table.name(), &iso(date)])?;
        let mut from = DateReader::default();
        while let Some(row) = rows.next()? {
            if let Some(start) = from.read(row.get_ref(1)?)? {
                self.ended.push((row.get(0)?, start));
            }
        }
        Ok(())
    }

    /// Iterates over the stored keys in byte order.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { base: self, open: 0, closed: 0, ended: 0 }
    }
}

/// The select expression for the branch of a row.
fn branch_column(branches: Option<&Branches>) -> String {
    branches.and_then(Branches::column).map_or_else(|| "null".to_owned(), quoted)
}

/// Iterates over the keys of a [`StoredFeed`]. Every key that has an ended carry interval also has
/// an open or a closed row, so the intervals alone never yield a key.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    base: &'a StoredFeed,
    open: usize,
    closed: usize,
    ended: usize,
}

impl<'a> Cursor<'a> {
    /// The next key, without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let open = self.base.order.get(self.open).map(|at| self.base.keys.get(*at as usize));
        let closed = self.base.closed.get(self.closed).map(|(key, _)| key.as_str());
        match (open, closed) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Consumes what is stored for this key, if it is the next one; returns it and the branch of its row.
    pub(super) fn take(&mut self, key: &str) -> (StoredKey, Option<u32>) {
        let (mut stored, mut branch) = (StoredKey::default(), None);
        if let Some(at) = self.base.order.get(self.open)
            && self.base.keys.get(*at as usize) == key
        {
            stored.open = self.base.open.get(*at as usize).copied();
            branch = self.base.open_branch.get(*at as usize).copied().flatten();
            self.open += 1;
        }
        if let Some((_, closed)) = self.base.closed.get(self.closed).filter(|(k, _)| k == key) {
            stored.closed = Some(*closed);
            // The closed row is the one of the snapshot before, so its branch counts.
            branch = self.base.closed_branch.get(self.closed).copied().flatten();
            self.closed += 1;
        }
        while let Some((ended, from)) =
            self.base.ended.get(self.ended).filter(|(k, _)| k.as_str() <= key)
        {
            if ended == key {
                stored.carry_ended = Some(*from);
            }
            self.ended += 1;
        }
        (stored, branch)
    }
}
