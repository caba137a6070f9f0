//! Writes what became of a key: the difference of two timelines of it, and nothing else.

use chrono::NaiveDate;
use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, Statement, params};

use crate::model::Column;
use crate::store::dates::{IsoDates, iso};
use crate::store::delivered_rows::DeliveredRows;
use crate::store::feed_table::FeedTable;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::stored_key::{Content, Place, StoredVersion, carried_since};
use crate::timeline::{Interval, Timeline, Version};

/// The prepared statements of one feed.
pub(super) struct RowWriter<'c> {
    conn: &'c Connection,
    table: &'c FeedTable,
    date: NaiveDate,
    dates: IsoDates,
    insert: Statement<'c>,
    overwrite: Statement<'c>,
    overwrite_unless_indexed: Statement<'c>,
    to_history: Statement<'c>,
    delete: Statement<'c>,
    set_dates: Statement<'c>,
}

impl<'c> RowWriter<'c> {
    /// For a delivery of a date.
    pub(super) fn new(
        conn: &'c Connection,
        table: &'c FeedTable,
        indexed: &[String],
        date: NaiveDate,
    ) -> rusqlite::Result<RowWriter<'c>> {
        let text = iso(date);
        let mut insert = conn.prepare(&table.insert())?;
        let mut overwrite = conn.prepare(&table.overwrite())?;
        let mut overwrite_unless_indexed =
            conn.prepare(&table.overwrite_unless_indexed(indexed))?;
        // Bound once: a binding stays after the execution. A delivered row begins on the date of its delivery.
        insert.raw_bind_parameter(table.date_parameter(), &text)?;
        overwrite.raw_bind_parameter(table.date_parameter(), &text)?;
        overwrite_unless_indexed.raw_bind_parameter(table.date_parameter(), &text)?;
        Ok(RowWriter {
            conn,
            table,
            date,
            dates: IsoDates::new(),
            insert,
            overwrite,
            overwrite_unless_indexed,
            to_history: conn.prepare(&table.current_to_history())?,
            delete: conn.prepare(&table.delete())?,
            set_dates: conn.prepare(&table.set_dates())?,
        })
    }

    /// The history rows of a key that begin after the date, in order.
    pub(super) fn later(&self, key: &str) -> rusqlite::Result<Vec<StoredVersion>> {
        let mut statement = self.cached(&self.table.later_versions())?;
        let mut rows = statement.query(params![key, iso(self.date)])?;
        let (mut dates, mut later) = (DateReader::default(), Vec::new());
        while let Some(row) = rows.next()? {
            let from = dates.read(row.get_ref(0)?)?.unwrap_or(NaiveDate::MIN);
            let content = Content { hash: row.get(2)?, place: Place::History(from) };
            let valid = Interval { from, to: dates.read(row.get_ref(1)?)? };
            later.push(StoredVersion { content, valid });
        }
        Ok(later)
    }

    /// Writes the difference of what is stored of a key and what is to be.
    ///
    /// A version begins with an accepted row, so one that begins on another date than that of the delivery has the content
    /// that it had: versions are told apart by their first date, and only a delivered one is written in place of another.
    pub(super) fn write(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> rusqlite::Result<()> {
        let stored = |version: &Version<Content>| {
            let same = |old: &&Version<Content>| {
                old.valid.from == version.valid.from && old.content == version.content
            };
            old.versions.iter().find(same).filter(|old| in_history(old))
        };
        let ended = || new.versions.iter().filter(|version| in_history(version));
        // What is copied from a row is copied before the row is changed.
        for version in ended().filter(|version| stored(version).is_none()) {
            self.copy_to_history(key, version)?;
        }
        self.write_current(key, old, new, delivery)?;
        for former in old.versions.iter().filter(|version| in_history(version)) {
            let same = ended().find(|version| {
                version.valid.from == former.valid.from && version.content == former.content
            });
            match same {
                Some(version) => self.set_end(key, former, version)?,
                None => self.delete_history(key, former)?,
            }
        }
        for version in ended() {
            if let (Place::Delivered(row), None) = (version.content.place, stored(version)) {
                self.insert_ended(version, row, delivery)?;
            }
        }
        self.write_carry(key, old, new)?;
        self.write_quarantined(key, old, new)
    }

    /// Inserts a delivered row of a key of which nothing is stored and which no later date can touch.
    pub(super) fn insert(
        &mut self,
        delivery: &DeliveredRows<'_>,
        row: usize,
    ) -> rusqlite::Result<()> {
        let hash = self.table.date_parameter() + 1;
        bind(&mut self.insert, &mut self.dates, delivery, row, hash)?;
        self.insert.raw_execute().map(drop)
    }

    fn cached(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.conn.prepare_cached(sql)
    }

    fn copy_to_history(&mut self, key: &str, version: &Version<Content>) -> rusqlite::Result<()> {
        let Interval { from, to } = version.valid;
        let since = carried_since(version).map(iso);
        let (from, to) = (iso(from), to.map(iso));
        match version.content.place {
            Place::Current => {
                self.to_history.execute(params![key, from, to, since])?;
            }
            Place::History(source) => {
                let sql = self.table.history_to_history();
                self.cached(&sql)?.execute(params![key, from, to, since, iso(source)])?;
            }
            // Another version may still stand where it begins.
            Place::Delivered(_) => {}
        }
        Ok(())
    }

    fn write_current(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> rusqlite::Result<()> {
        let open = |timeline: &Timeline<Content>| {
            timeline.versions.last().filter(|version| !in_history(version)).cloned()
        };
        let stored = open(old);
        let Some(wanted) = open(new) else {
            if stored.is_some() {
                self.delete.execute([key])?;
            }
            return Ok(());
        };
        let (from, since) = (wanted.valid.from, carried_since(&wanted));
        match (&stored, wanted.content.place) {
            (Some(version), _) if version.content == wanted.content => {
                if (version.valid.from, carried_since(version)) == (from, since) {
                    return Ok(());
                }
            }
            (stored, Place::History(source)) => {
                let sql = match stored {
                    Some(_) => self.table.history_over_current(),
                    None => self.table.history_to_current(),
                };
                let dates = (iso(from), since.map(iso), iso(source));
                self.cached(&sql)?.execute(params![key, dates.0, dates.1, dates.2])?;
                return Ok(());
            }
            (Some(_), Place::Delivered(row)) => {
                let hash = self.table.date_parameter() + 1;
                let delivery = given(delivery)?;
                for statement in [&mut self.overwrite_unless_indexed, &mut self.overwrite] {
                    bind(statement, &mut self.dates, delivery, row, hash)?;
                    if statement.raw_execute()? > 0 {
                        break;
                    }
                }
                if since.is_none() {
                    return Ok(());
                }
            }
            (None, Place::Delivered(row)) => {
                self.insert(given(delivery)?, row)?;
                if since.is_none() {
                    return Ok(());
                }
            }
            // The open version of a key is the only one that stands in the snapshot table.
            (_, Place::Current) => {}
        }
        self.set_dates.execute(params![key, iso(from), since.map(iso)]).map(drop)
    }

    fn set_end(
        &self,
        key: &str,
        former: &Version<Content>,
        version: &Version<Content>,
    ) -> rusqlite::Result<()> {
        let end = |version: &Version<Content>| (version.valid.to, carried_since(version));
        if end(former) != end(version) {
            let (to, since) = end(version);
            let (from, to) = (iso(version.valid.from), to.map(iso));
            let mut statement = self.cached(&self.table.set_end())?;
            statement.execute(params![key, from, to, since.map(iso)])?;
        }
        Ok(())
    }

    fn delete_history(&self, key: &str, version: &Version<Content>) -> rusqlite::Result<()> {
        let mut statement = self.cached(&self.table.delete_history())?;
        statement.execute(params![key, iso(version.valid.from)]).map(drop)
    }

    fn insert_ended(
        &mut self,
        version: &Version<Content>,
        row: usize,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.cached(&self.table.insert_ended())?;
        let date = self.table.date_parameter();
        bind(&mut statement, &mut self.dates, given(delivery)?, row, date + 1)?;
        statement.raw_bind_parameter(date, iso(version.valid.from))?;
        statement.raw_bind_parameter(date + 2, version.valid.to.map(iso))?;
        statement.raw_bind_parameter(date + 3, carried_since(version).map(iso))?;
        statement.raw_execute().map(drop)
    }

    fn write_carry(
        &self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
    ) -> rusqlite::Result<()> {
        let feed = self.table.name();
        let of = |timeline: &Timeline<Content>| -> Vec<Interval> {
            timeline.versions.iter().flat_map(|version| version.carried.clone()).collect()
        };
        let (old, new) = (of(old), of(new));
        for interval in old.iter().filter(|old| new.iter().all(|new| new.from != old.from)) {
            let sql = "delete from carry where feed = ?1 and id = ?2 and carried_from = ?3";
            self.cached(sql)?.execute(params![feed, key, iso(interval.from)])?;
        }
        for interval in new.iter().filter(|new| !old.contains(new)) {
            let sql = "insert into carry (feed, id, carried_from, carried_to) values (?1, ?2, ?3, ?4) \
                       on conflict do update set carried_to = excluded.carried_to";
            let (from, to) = (iso(interval.from), interval.to.map(iso));
            self.cached(sql)?.execute(params![feed, key, from, to])?;
        }
        Ok(())
    }

    fn write_quarantined(
        &self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
    ) -> rusqlite::Result<()> {
        let (feed, old, new) = (self.table.name(), &old.quarantined, &new.quarantined);
        for date in old.iter().filter(|date| !new.contains(date)) {
            let sql =
                "delete from quarantined_key where feed = ?1 and id = ?2 and business_date = ?3";
            self.cached(sql)?.execute(params![feed, key, iso(*date)])?;
        }
        for date in new.iter().filter(|date| !old.contains(date)) {
            let sql = "insert into quarantined_key (feed, id, business_date) values (?1, ?2, ?3)";
            self.cached(sql)?.execute(params![feed, key, iso(*date)])?;
        }
        Ok(())
    }
}

/// Whether a version has ended, so that it belongs into the history.
fn in_history(version: &Version<Content>) -> bool {
    version.valid.to.is_some()
}

/// A version with delivered content needs its delivery.
fn given<'d, 'a>(
    delivery: Option<&'d DeliveredRows<'a>>,
) -> rusqlite::Result<&'d DeliveredRows<'a>> {
    delivery.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Binds the cells of a delivered row and its hash. A hot path: it runs for every cell of every new row.
fn bind(
    statement: &mut Statement<'_>,
    dates: &mut IsoDates,
    delivery: &DeliveredRows<'_>,
    row: usize,
    hash_parameter: usize,
) -> rusqlite::Result<()> {
    for (at, column) in delivery.columns().iter().enumerate() {
        let parameter = at + 1;
        if column.is_null(row) {
            statement.raw_bind_parameter(parameter, Null)?;
            continue;
        }
        match column {
            Column::Text(array) => statement.raw_bind_parameter(parameter, array.value(row))?,
            Column::Int(array) => statement.raw_bind_parameter(parameter, array.value(row))?,
            Column::Date(array) => {
                let days = array.value(row);
                let text = dates
                    .text(days)
                    .ok_or(rusqlite::Error::IntegralValueOutOfRange(at, days.into()))?;
                statement.raw_bind_parameter(parameter, text)?;
            }
        }
    }
    statement.raw_bind_parameter(hash_parameter, delivery.hash(row))
}
