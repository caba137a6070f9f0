//! What of the derived tables follows from the changes of one feed: reads the cells of stored versions, writes events.

use chrono::NaiveDate;
use rusqlite::{Connection, Statement, params};

use crate::events::Event;
use crate::store::dates::iso;
use crate::store::derivation::DerivedStore;
use crate::store::derived_columns::DerivedColumns;
use crate::store::feed_table::FeedTable;
use crate::store::sqlite::event_rows::EventRows;
use crate::store::sqlite::version_cells::{cells, select};
use crate::store::stored_key::Place;

/// The prepared statements of one feed.
pub(super) struct DerivedRows<'c> {
    /// None if nothing is derived of the feed.
    cells: Option<[Statement<'c>; 2]>,
    /// How many columns there are.
    count: usize,
    events: Option<EventRows<'c>>,
    had_version: Statement<'c>,
    date: String,
}

impl<'c> DerivedRows<'c> {
    /// Prepares them.
    pub(super) fn new(
        conn: &'c Connection,
        table: &FeedTable,
        columns: &DerivedColumns,
        date: NaiveDate,
    ) -> rusqlite::Result<DerivedRows<'c>> {
        let (select, key) = (select(columns), table.quoted_key());
        let count = columns.columns.len();
        let prepare = |sql: String| conn.prepare(&sql);
        let cells = match count {
            0 => None,
            _ => Some([
                prepare(format!("select {select} from {} where {key} = ?1", table.name()))?,
                prepare(format!(
                    "select {select} from {} where {key} = ?1 and valid_from = ?2",
                    table.history()
                ))?,
            ]),
        };
        let had_version = format!(
            "select exists (select 1 from {} where {key} = ?1 and valid_from < ?2)",
            table.history(),
        );
        Ok(DerivedRows {
            cells,
            count,
            events: EventRows::new(conn, table.feed)?,
            had_version: prepare(had_version)?,
            date: iso(date),
        })
    }
}

impl DerivedStore for DerivedRows<'_> {
    type Error = rusqlite::Error;

    fn cells(&mut self, key: &str, place: Place) -> rusqlite::Result<Vec<Option<String>>> {
        let count = self.count;
        match (&mut self.cells, place) {
            (Some([current, _]), Place::Current) => {
                current.query_row([key], |row| cells(row, 0, count))
            }
            (Some([_, ended]), Place::History(from)) => {
                ended.query_row([key, &iso(from)], |row| cells(row, 0, count))
            }
            // A delivered row is not stored.
            (_, Place::Delivered(_)) | (None, _) => Err(rusqlite::Error::QueryReturnedNoRows),
        }
    }

    fn had_version(&mut self, key: &str) -> rusqlite::Result<bool> {
        self.had_version.query_row(params![key, self.date], |row| row.get(0))
    }

    fn replace_events(&mut self, key: &str, old: &[Event], new: &[Event]) -> rusqlite::Result<()> {
        match &mut self.events {
            Some(events) => events.replace(key, old, new),
            None => Ok(()),
        }
    }
}
