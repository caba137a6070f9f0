//! Writes the rows of one feed, key by key, with what follows from them for the derived tables.

use rusqlite::Connection;

use crate::config::schema::Schema;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derivation::{Derivation, Derived};
use crate::store::derived_columns::DerivedColumns;
use crate::store::feed_table::FeedTable;
use crate::store::rows::FeedWriter;
use crate::store::sqlite::derived_rows::DerivedRows;
use crate::store::sqlite::indexes;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::stored_key::{Content, StoredVersion};
use crate::timeline::Timeline;

/// Writes a key at once: a statement takes no way but into the file.
pub(super) struct SqliteFeedWriter<'c> {
    derivation: Derivation<'c, DerivedRows<'c>>,
    rows: RowWriter<'c>,
}

impl<'c> SqliteFeedWriter<'c> {
    /// Prepares the statements.
    pub(super) fn new(
        conn: &'c Connection,
        schema: &Schema,
        table: &'c FeedTable,
        dates: Dates<'c>,
    ) -> rusqlite::Result<SqliteFeedWriter<'c>> {
        let columns = DerivedColumns::new(schema, table);
        let derived = DerivedRows::new(conn, table, &columns, dates.date)?;
        let indexed = indexes::columns(schema.feed(table.feed));
        Ok(SqliteFeedWriter {
            derivation: Derivation::new(columns, derived, dates),
            rows: RowWriter::new(conn, table, &indexed, dates.date)?,
        })
    }
}

impl FeedWriter for SqliteFeedWriter<'_> {
    type Error = rusqlite::Error;

    fn later(&mut self, key: &str) -> rusqlite::Result<Vec<StoredVersion>> {
        self.rows.later(key)
    }

    fn insert(
        &mut self,
        key: &str,
        delivery: &DeliveredRows<'_>,
        row: usize,
    ) -> rusqlite::Result<()> {
        self.derivation.insert(key, delivery, row)?;
        self.rows.insert(delivery, row)
    }

    fn change(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> rusqlite::Result<()> {
        self.derivation.change(key, old, new, delivery)?;
        self.rows.write(key, old, new, delivery)
    }

    fn finish(self, _: Option<&DeliveredRows<'_>>) -> rusqlite::Result<Derived> {
        Ok(self.derivation.finish().0)
    }
}
