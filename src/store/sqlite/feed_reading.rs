//! Reads the stored rows of a feed around a date, when a transaction begins.

use chrono::NaiveDate;
use rusqlite::{Connection, Row};

use crate::store::branches::Branches;
use crate::store::current_rows::{CurrentRows, OrganNumbers};
use crate::store::dates::iso;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::stored_feed::{StoredFeed, is_before};
use crate::store::stored_key::{Content, Place, StoredVersion};
use crate::timeline::Interval;

/// Reads the tables. `current` are the rows of the snapshot table, if they are known. `newest` is the newest date with a
/// snapshot: nothing has ended after it. The rows of the snapshot before the date are counted in their branches, if the feed
/// has any.
pub(super) fn read(
    conn: &Connection,
    table: &FeedTable,
    date: NaiveDate,
    newest: Option<NaiveDate>,
    current: Option<CurrentRows>,
    mut branches: Option<&mut Branches>,
) -> rusqlite::Result<StoredFeed> {
    let mut stored = StoredFeed::new(match current {
        Some(current) => current,
        None => read_current(conn, table, branches.as_deref())?,
    });
    if newest.is_some_and(|newest| date <= newest) {
        read_past(&mut stored, conn, table, date, branches.as_deref_mut())?;
        read_quarantined(&mut stored, conn, table, date)?;
    }
    read_carried(&mut stored, conn, table, date)?;
    stored.count(date, branches);
    Ok(stored)
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

fn read_past(
    stored: &mut StoredFeed,
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
        stored.push_past(row.get_ref(0)?.as_str()?, version);
        if let Some(branches) = branches.as_deref_mut() {
            let organ = row.get_ref(4)?.as_str_or_null()?;
            stored.push_past_branch(branches.branch_of(organ, is_before(&version, date)));
        }
    }
    Ok(())
}

fn read_carried(
    stored: &mut StoredFeed,
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
        let from = first_date(&mut from, row, 1)?;
        let interval = Interval { from, to: to.read(row.get_ref(2)?)? };
        stored.push_carried(row.get_ref(0)?.as_str()?, interval);
    }
    Ok(())
}

fn read_quarantined(
    stored: &mut StoredFeed,
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
        let date = first_date(&mut dates, row, 1)?;
        stored.push_quarantined(row.get_ref(0)?.as_str()?, date);
    }
    Ok(())
}

fn first_date(reader: &mut DateReader, row: &Row<'_>, at: usize) -> rusqlite::Result<NaiveDate> {
    Ok(reader.read(row.get_ref(at)?)?.unwrap_or(NaiveDate::MIN))
}

/// The select expression for the branch of a row.
fn branch_column(branches: Option<&Branches>) -> String {
    branches.and_then(Branches::column).map_or_else(|| "null".to_owned(), quoted)
}
