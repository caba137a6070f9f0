//! One publication: an open transaction that only an `Approved` can commit.

use std::path::Path;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use crate::config::schema::{ForestSchema, Schema};
use crate::gate::Approved;
use crate::model::{Feed, MendedFinding, PerFeed, PreviousRows, RowCounter, TreeRows};
use crate::store::branches::{Branch, Branches};
use crate::store::connection;
use crate::store::dates::iso;
use crate::store::earlier_findings::{self, EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::layout::{FeedTable, quoted};
use crate::store::previous_rows::{self, Select};
use crate::store::record::{self, RunRecord};
use crate::store::rows::{self, DeliveredRows, FeedOutcome, NewRows};
use crate::store::snapshot::{self, SnapshotInfo};
use crate::store::stored_feed::StoredFeed;
use crate::store::trees::{self, NewTree, StoredTree};

/// An open transaction that imports one business date. Nothing is visible to others before
/// [`Publication::commit`]; if dropped before that, it changes nothing.
#[derive(Debug)]
pub struct Publication<'s> {
    /// Borrowed exclusively, unlike in `rusqlite::Transaction`, so that a publication can begin on one thread and be
    /// written on another.
    conn: &'s mut Connection,
    path: &'s Path,
    schema: &'s Schema,
    tables: &'s PerFeed<FeedTable>,
    date: NaiveDate,
    previous: Option<SnapshotInfo>,
    /// One a feed; dropped once the feed is written.
    bases: PerFeed<Option<StoredFeed>>,
    /// One a feed: rows of the snapshot before.
    rows_before: PerFeed<u64>,
    branches: Branches,
    trees: Vec<StoredTree>,
    /// One a feed, once its rows are written: what was done, and the rowids of carried rows.
    written: PerFeed<Option<(FeedOutcome, Vec<i64>)>>,
    /// One a forest.
    trees_written: Vec<bool>,
    /// Is told of the rows that are written.
    counter: RowCounter<'s>,
}

/// A row of which the last good version is carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedRow {
    /// Its key.
    pub key: String,
    /// The fields asked for, in that order.
    pub cells: Vec<Cell>,
}

/// A stored cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Null,
    /// A text, or a date as `YYYY-MM-DD`.
    Text(String),
    /// A whole number.
    Int(i64),
}

impl<'s> Publication<'s> {
    /// Opens the transaction and reads the tables.
    pub(super) fn begin(
        conn: &'s mut Connection,
        path: &'s Path,
        schema: &'s Schema,
        tables: &'s PerFeed<FeedTable>,
        date: NaiveDate,
    ) -> Result<Publication<'s>, StoreError> {
        let fault = |error| StoreError::sqlite(path, error);
        conn.execute_batch("begin immediate").map_err(fault)?;
        // From here on `Drop` rolls back whatever happens.
        let mut publication = Publication {
            conn,
            path,
            schema,
            tables,
            date,
            previous: None,
            bases: PerFeed::default(),
            rows_before: PerFeed::default(),
            branches: Branches::default(),
            trees: Vec::with_capacity(schema.forests.len()),
            written: PerFeed::default(),
            trees_written: vec![false; schema.forests.len()],
            counter: RowCounter::default(),
        };
        let conn = &*publication.conn;
        // Read inside the transaction: no other process can publish after it.
        let newest = snapshot::newest(conn, None).map_err(fault)?.map(|snapshot| snapshot.date);
        if let Some(newest) = newest.filter(|newest| date < *newest) {
            return Err(StoreError::OlderDate { date, newest });
        }
        publication.previous = snapshot::newest(conn, Some(date)).map_err(fault)?;
        publication.read(newest == Some(date)).map_err(fault)?;
        Ok(publication)
    }

    fn read(&mut self, again: bool) -> rusqlite::Result<()> {
        self.branches = Branches::read(self.conn, self.schema, self.date)?;
        for table in self.tables {
            let branches = (table.feed == Feed::Agent).then_some(&mut self.branches);
            let base = StoredFeed::read(self.conn, table, self.date, again, branches)?;
            self.rows_before[table.feed] = base.rows_before();
            self.bases[table.feed] = Some(base);
        }
        for forest in &self.schema.forests {
            self.trees.push(StoredTree::read(self.conn, forest)?);
        }
        Ok(())
    }

    /// The snapshot before the date of this publication; none on the first date.
    pub fn previous(&self) -> Option<&SnapshotInfo> {
        self.previous.as_ref()
    }

    /// Tells this of delivered rows, and of rows of forests, as they are written.
    pub fn count_rows(&mut self, counter: RowCounter<'s>) {
        self.counter = counter;
    }

    /// Writes the rows of one feed, once; feeds come in any order.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows are not in key order or a feed is written twice; any fault of
    /// the database. After an error the publication can only be dropped.
    pub fn write_rows(
        &mut self,
        feed: Feed,
        rows: &NewRows<'_>,
    ) -> Result<FeedOutcome, StoreError> {
        let table = &self.tables[feed];
        let misuse = || StoreError::Misuse(format!("the rows of {feed} come twice or are others"));
        if rows.table.feed() != feed {
            return Err(misuse());
        }
        let delivery = DeliveredRows::new(*rows, table)?;
        let base = self.bases[feed].take().ok_or_else(misuse)?;
        let (date, branches) = (self.date, &mut self.branches);
        let written = rows::write(self.conn, table, date, &base, branches, delivery, self.counter)
            .map_err(|error| StoreError::sqlite(self.path, error))?;
        Ok(self.written[feed].insert(written).0)
    }

    /// The rows of one feed of the snapshot before that the delivery does not bring again as they were, with the fields
    /// asked for (by the schema's names); before the feed is written.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field, or if the feed is written; any fault of the database.
    pub fn previous_rows(
        &self,
        feed: Feed,
        rows: &NewRows<'_>,
        fields: &[&str],
    ) -> Result<PreviousRows, StoreError> {
        let table = &self.tables[feed];
        let select = Select::new(self.schema.feed(feed), fields)?;
        let delivery = DeliveredRows::new(*rows, table)?;
        let written = || StoreError::Misuse(format!("the rows of {feed} are written already"));
        let base = self.bases[feed].as_ref().ok_or_else(written)?;
        previous_rows::read(self.conn, table, &select, self.date, base, delivery)
            .map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// The organs of level 2 with their agents of the snapshot before and how many of them are gone;
    /// complete once the agents are written. Sorted by organ.
    pub fn branches(&self) -> &[Branch] {
        self.branches.list()
    }

    /// Rows of a feed in the snapshot before.
    pub fn rows_before(&self, feed: Feed) -> u64 {
        self.rows_before[feed]
    }

    /// The rows of a feed of which the last good version is carried, by key, with the fields asked for (by
    /// the schema's names); available once the feed is written.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field; any fault of the database.
    pub fn carried(&self, feed: Feed, fields: &[&str]) -> Result<Vec<CarriedRow>, StoreError> {
        let table = &self.tables[feed];
        let Some((_, rowids)) = &self.written[feed] else {
            return Err(StoreError::Misuse(format!("the rows of {feed} are not written yet")));
        };
        let schema = self.schema.feed(feed);
        let mut columns = vec![quoted(&table.key)];
        for field in fields {
            let field = schema
                .fields
                .iter()
                .find(|f| f.name == *field)
                .ok_or_else(|| StoreError::Misuse(format!("{feed} has no field {field}")))?;
            columns.push(quoted(&field.column));
        }
        let sql = format!("select {} from {} where rowid = ?1", columns.join(", "), table.name());
        let read = || -> rusqlite::Result<Vec<CarriedRow>> {
            let mut statement = self.conn.prepare(&sql)?;
            let mut carried = Vec::with_capacity(rowids.len());
            for rowid in rowids {
                carried.push(statement.query_row([rowid], |row| {
                    let cells = (1..columns.len())
                        .map(|at| Cell::of(row.get_ref(at)?))
                        .collect::<rusqlite::Result<_>>()?;
                    Ok(CarriedRow { key: row.get(0)?, cells })
                })?);
            }
            Ok(carried)
        };
        read().map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// The findings of the snapshot before the date of this publication; none on the first date.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn earlier_findings(&self) -> Result<Option<EarlierFindings>, StoreError> {
        let read = |previous| earlier_findings::read(self.conn, previous);
        let found = self.previous.as_ref().map(read).transpose();
        found.map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// Earlier findings as a report shows those that are gone.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn mended(&self, findings: &[EarlierFinding]) -> Result<Vec<MendedFinding>, StoreError> {
        earlier_findings::details(self.conn, findings)
            .map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// Writes the rows of one forest, once. Returns how many rows had to be written or deleted.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows do not have the shape that [`TreeRows`] promises; any fault of
    /// the database. After an error the publication can only be dropped.
    pub fn write_tree(
        &mut self,
        forest: &ForestSchema,
        rows: &TreeRows<'_>,
    ) -> Result<u64, StoreError> {
        let unknown = || StoreError::Misuse(format!("the schema has no forest {}", forest.name));
        let at = self.schema.forests.iter().position(|f| f == forest).ok_or_else(unknown)?;
        let (Some(stored), Some(written)) = (self.trees.get(at), self.trees_written.get_mut(at))
        else {
            return Err(unknown());
        };
        if std::mem::replace(written, true) {
            return Err(StoreError::Misuse(format!("the forest {} comes twice", forest.name)));
        }
        let new = NewTree::new(forest, rows)?;
        trees::write(self.conn, forest, stored, &new, self.counter)
            .map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// Publishes: from here on the new snapshot is visible to all readers and survives a power cut.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a feed or a forest was not written; any fault of the database. The
    /// previous snapshot then stays.
    pub fn commit(self, approved: Approved, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        // The approval is consumed: one approval allows one publication.
        let Approved { .. } = approved;
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(StoreError::Misuse(format!("not written: {}", missing.join(", "))));
        }
        let path = self.path;
        let fault = |error| StoreError::sqlite(path, error);
        self.write_snapshot(&record).map_err(fault)?;
        record::write(self.conn, record).map_err(fault)?;
        self.conn.execute_batch("commit").map_err(fault)?;
        connection::checkpoint(self.conn, path);
        Ok(())
    }

    /// The open transaction, for tests of its content.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        self.conn
    }

    fn missing(&self) -> Vec<String> {
        let feeds = self.tables.iter().zip(&self.written);
        let forests = self.schema.forests.iter().zip(&self.trees_written);
        let feeds = feeds.filter(|(_, done)| done.is_none()).map(|(t, _)| t.name().to_owned());
        let forests =
            forests.filter(|(_, done)| !**done).map(|(f, _)| format!("forest {}", f.name));
        feeds.chain(forests).collect()
    }

    fn write_snapshot(&self, record: &RunRecord<'_, '_>) -> rusqlite::Result<()> {
        let rows =
            |feed: Feed| self.written[feed].as_ref().map_or(0, |(outcome, _)| outcome.rows());
        let [agent, node, organ, principal] = Feed::ALL.map(|f| rows(f).cast_signed());
        self.conn.execute(
            "insert into snapshot (business_date, run, agent_rows, node_rows, organ_rows, principal_rows) \
             values (?1, ?2, ?3, ?4, ?5, ?6) \
             on conflict (business_date) do update set run = excluded.run, \
             agent_rows = excluded.agent_rows, node_rows = excluded.node_rows, \
             organ_rows = excluded.organ_rows, principal_rows = excluded.principal_rows",
            params![iso(self.date), record.report.run.0, agent, node, organ, principal],
        )?;
        Ok(())
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        // Without a commit everything is rolled back; if the rollback fails, closing the connection does it.
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("rollback")
        {
            tracing::warn!("rolling back {} failed: {error}", self.path.display());
        }
    }
}

impl Cell {
    fn of(value: ValueRef<'_>) -> rusqlite::Result<Cell> {
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            other => Cell::Text(other.as_str()?.to_owned()),
        })
    }
}
