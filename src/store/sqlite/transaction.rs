//! An open transaction of `org.db`.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use chrono::{NaiveDate, SecondsFormat};
use rusqlite::{Connection, params};

use crate::config::schema::{ForestSchema, Schema};
use crate::headcount::{Differences, Group};
use crate::model::{Feed, MendedFinding, PerFeed, RowCounter, StoredRows};
use crate::store::branches::Branches;
use crate::store::current_rows::{CurrentRows, NextRows};
use crate::store::date_list::Dates;
use crate::store::dates::iso;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derived_columns::DerivedColumns;
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::keys::KeyList;
use crate::store::record::RunRecord;
use crate::store::retraction_record::RetractionRecord;
use crate::store::rows::{self, Written};
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::connection::{self, READERS_TIMEOUT};
use crate::store::sqlite::current_rows_copy::{self, CurrentRowsCopy};
use crate::store::sqlite::feed_writer::SqliteFeedWriter;
use crate::store::sqlite::first_trees::{FirstTrees, FirstTreesPlace};
use crate::store::sqlite::headcount_rows::HeadcountRows;
use crate::store::sqlite::select::Select;
use crate::store::sqlite::tree_rows::TreeStatements;
use crate::store::sqlite::{
    branch_reading, event_rows, feed_reading, forest_state, indexes, recorded_findings,
    run_records, snapshots, tree_rows,
};
use crate::store::stored_feed::StoredFeed;
use crate::store::stored_key::Place;
use crate::store::transaction::Transaction;
use crate::store::tree_layout::tree_table;
use crate::store::trees::{self, NewTree, StoredTree};
use crate::store::{ages, headcount_change, previous_rows};

/// An open transaction.
#[derive(Debug)]
pub(super) struct SqliteTransaction<'s> {
    /// Borrowed exclusively, unlike in `rusqlite::Transaction`, so that it can begin on one thread and be written on
    /// another.
    conn: &'s mut Connection,
    path: &'s Path,
    schema: &'s Schema,
    tables: &'s PerFeed<FeedTable>,
    /// The file of the forests of a first load, while it is attached to the connection.
    first_trees: Option<FirstTrees>,
    /// The copy of the rows of each snapshot table, if there is one, until the table is asked for.
    copy: PerFeed<Option<CurrentRows>>,
}

impl<'s> SqliteTransaction<'s> {
    /// Opens the transaction.
    pub(super) fn begin(
        conn: &'s mut Connection,
        path: &'s Path,
        schema: &'s Schema,
        tables: &'s PerFeed<FeedTable>,
    ) -> Result<SqliteTransaction<'s>, StoreError> {
        conn.execute_batch("begin immediate").map_err(|error| StoreError::sqlite(path, error))?;
        // From here on `Drop` rolls back whatever happens.
        let copy = PerFeed::default();
        let mut transaction =
            SqliteTransaction { conn, path, schema, tables, first_trees: None, copy };
        if let Some(copy) = current_rows_copy::read(path, schema) {
            transaction.copy = copy.map(Some);
        }
        Ok(transaction)
    }

    fn done<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(self.path, error))
    }

    fn select<'f>(&self, feed: Feed, fields: &[&'f str]) -> Result<Select<'f>, StoreError> {
        Select::new(self.schema.feed(feed), fields)
    }

    /// Lets go of the file of the forests of a first load.
    fn detach(&mut self) {
        // SQLite wants the file to be there until then.
        if let Some(_file) = self.first_trees.take()
            && let Err(error) = FirstTrees::detach(self.conn)
        {
            tracing::warn!("the forests of a first load stay attached: {error}");
        }
    }
}

impl<'s> Transaction<'s> for SqliteTransaction<'s> {
    fn dates(&mut self) -> Result<Vec<NaiveDate>, StoreError> {
        self.done(snapshots::dates(self.conn))
    }

    fn snapshot_before(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        self.done(snapshots::newest(self.conn, Some(date)))
    }

    fn snapshot_of(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        self.done(snapshots::of(self.conn, date))
    }

    fn branches(&mut self, date: NaiveDate) -> Result<Branches, StoreError> {
        self.done(branch_reading::read(self.conn, self.schema, date))
    }

    fn stored(
        &mut self,
        feed: Feed,
        date: NaiveDate,
        newest: Option<NaiveDate>,
        branches: Option<&mut Branches>,
    ) -> Result<StoredFeed, StoreError> {
        let current = self.copy[feed].take();
        let table = &self.tables[feed];
        // Every test holds the copy against the table.
        #[cfg(test)]
        if let Some(copy) = &current {
            let read = feed_reading::read_current(self.conn, table, branches.as_deref()).unwrap();
            let (mut held, mut read) = (copy.list(), read.list());
            if branches.is_none() {
                // Organisations are read for branches alone.
                held.iter_mut().chain(&mut read).for_each(|row| row.3 = None);
            }
            assert_eq!(held, read, "the copy of the rows of {feed}");
        }
        self.done(feed_reading::read(self.conn, table, date, newest, current, branches))
    }

    fn has_current_trees(&mut self) -> Result<bool, StoreError> {
        self.done(forest_state::is_current(self.conn, self.schema))
    }

    fn previous_rows(
        &mut self,
        feed: Feed,
        fields: &[&str],
        date: NaiveDate,
        stored: &StoredFeed,
        delivery: DeliveredRows<'_>,
    ) -> Result<StoredRows, StoreError> {
        let select = self.select(feed, fields)?;
        let table = &self.tables[feed];
        let read = || -> rusqlite::Result<StoredRows> {
            let mut rows = select.rows();
            let mut current = self.conn.prepare(&select.current(table))?;
            let mut history = self.conn.prepare(&select.ended(table))?;
            previous_rows::each(date, stored, delivery, |key, place| match place {
                Place::Current => select.push_row(&mut current, [key], &mut rows),
                Place::History(from) => {
                    select.push_row(&mut history, params![key, iso(from)], &mut rows)
                }
                // What is stored is not delivered.
                Place::Delivered(_) => Ok(()),
            })?;
            Ok(rows)
        };
        self.done(read())
    }

    fn rows_of(
        &mut self,
        feed: Feed,
        fields: &[&str],
        keys: &KeyList,
    ) -> Result<StoredRows, StoreError> {
        let select = self.select(feed, fields)?;
        let read = || -> rusqlite::Result<StoredRows> {
            let mut rows = select.rows();
            let mut statement = self.conn.prepare(&select.current(&self.tables[feed]))?;
            for at in 0..keys.len() {
                select.push_row(&mut statement, [keys.get(at)], &mut rows)?;
            }
            Ok(rows)
        };
        self.done(read())
    }

    fn newest_rows(&mut self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        self.done(self.select(feed, fields)?.all(self.conn, feed.name()))
    }

    fn write_feed(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
        branches: &mut Branches,
        delivery: DeliveredRows<'_>,
        counter: RowCounter<'_>,
    ) -> Result<Written, StoreError> {
        let schema = self.schema.feed(feed);
        let write = || -> rusqlite::Result<Written> {
            if stored.is_empty() {
                indexes::drop_current(self.conn, schema)?;
            }
            let writer = SqliteFeedWriter::new(self.conn, self.schema, &self.tables[feed], dates)?;
            let written = rows::write(writer, dates, stored, branches, delivery, counter)?;
            if stored.is_empty() {
                indexes::create_current(self.conn, schema)?;
            }
            Ok(written)
        };
        self.done(write())
    }

    fn write_feed_without(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
    ) -> Result<Written, StoreError> {
        let writer = SqliteFeedWriter::new(self.conn, self.schema, &self.tables[feed], dates);
        self.done(writer.and_then(|writer| rows::write_without(writer, dates, stored)))
    }

    fn write_tree(
        &mut self,
        forest: &ForestSchema,
        new: &NewTree<'_>,
        known: Option<NewTree<'_>>,
        counter: RowCounter<'_>,
    ) -> Result<u64, StoreError> {
        let write = || -> rusqlite::Result<u64> {
            let stored = match known {
                Some(known) => StoredTree::Known(known),
                None => StoredTree::Read(tree_rows::read(self.conn, forest)?),
            };
            if stored.is_empty() {
                indexes::drop_tree(self.conn, forest)?;
            }
            let mut writer = TreeStatements::new(self.conn, forest)?;
            let written = trees::write(&mut writer, &stored, new, counter)?;
            if stored.is_empty() {
                indexes::create_tree(self.conn, forest)?;
            }
            Ok(written)
        };
        self.done(write())
    }

    fn first_trees(&mut self) -> Result<Option<FirstTreesPlace<'s>>, StoreError> {
        // The file is attached by a statement, which holds UTF-8.
        if self.path.to_str().is_none() {
            return Ok(None);
        }
        for forest in &self.schema.forests {
            let table = quoted(&tree_table(&forest.name));
            if !self.done(indexes::is_empty(self.conn, &table))? {
                return Ok(None);
            }
        }
        Ok(Some(FirstTreesPlace::new(self.path, self.schema)))
    }

    fn take_trees(&mut self, trees: FirstTrees, counter: RowCounter<'_>) -> Result<(), StoreError> {
        let copied = self.first_trees.insert(trees).copy_to(self.conn, self.schema, counter);
        self.done(copied)
    }

    fn note_trees(&mut self) -> Result<(), StoreError> {
        self.done(forest_state::note(self.conn, self.schema))
    }

    fn write_snapshot(&mut self, snapshot: &SnapshotInfo) -> Result<(), StoreError> {
        let [agent, node, organ, principal] =
            Feed::ALL.map(|feed| snapshot.rows[feed].cast_signed());
        let written = self.conn.execute(
            "insert into snapshot (business_date, run, agent_rows, node_rows, organ_rows, principal_rows) \
             values (?1, ?2, ?3, ?4, ?5, ?6) \
             on conflict (business_date) do update set run = excluded.run, \
             agent_rows = excluded.agent_rows, node_rows = excluded.node_rows, \
             organ_rows = excluded.organ_rows, principal_rows = excluded.principal_rows",
            params![iso(snapshot.date), snapshot.run.0, agent, node, organ, principal],
        );
        self.done(written.map(drop))
    }

    fn add_rows(&mut self, date: NaiveDate, more: &PerFeed<i64>) -> Result<(), StoreError> {
        let [agent, node, organ, principal] = Feed::ALL.map(|feed| more[feed]);
        let sql = "update snapshot set agent_rows = agent_rows + ?2, node_rows = node_rows + ?3, \
                   organ_rows = organ_rows + ?4, principal_rows = principal_rows + ?5 \
                   where business_date = ?1";
        let added = self.conn.execute(sql, params![iso(date), agent, node, organ, principal]);
        self.done(added.map(drop))
    }

    fn delete_snapshot(
        &mut self,
        snapshot: &SnapshotInfo,
        record: RetractionRecord<'_>,
    ) -> Result<(), StoreError> {
        let delete = || -> rusqlite::Result<()> {
            let date = iso(snapshot.date);
            self.conn.execute("delete from snapshot where business_date = ?1", [&date])?;
            let at = record.at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let sql = "insert into retraction (business_date, run, retracted, retracted_by, reason) \
                       values (?1, ?2, ?3, ?4, ?5)";
            let RetractionRecord { by, reason, .. } = record;
            self.conn.execute(sql, params![date, snapshot.run.0, at, by, reason]).map(drop)
        };
        self.done(delete())
    }

    fn write_derived(
        &mut self,
        dates: Dates<'_>,
        agents: &Differences<Group>,
        hierarchy: &BTreeSet<NaiveDate>,
    ) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<()> {
            for table in self.tables.iter() {
                if let Some(rule) = DerivedColumns::new(self.schema, table).events {
                    let (before, after) = (dates.oldest_before(), dates.oldest_after());
                    event_rows::renew_oldest(self.conn, table, &rule, before, after)?;
                }
            }
            let mut rows = HeadcountRows::new(self.conn, self.schema)?;
            headcount_change::write(&mut rows, dates, agents, hierarchy)
        };
        self.done(write())
    }

    fn record(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        self.done(run_records::write(self.conn, record))
    }

    fn earlier_findings(&mut self, snapshot: &SnapshotInfo) -> Result<EarlierFindings, StoreError> {
        self.done(recorded_findings::read(self.conn, snapshot))
    }

    fn mended(&mut self, findings: &[EarlierFinding]) -> Result<Vec<MendedFinding>, StoreError> {
        self.done(recorded_findings::details(self.conn, findings))
    }

    fn renew_ages(&mut self, after: NaiveDate) -> Result<(), StoreError> {
        self.done(ages::renew_after(&mut &*self.conn, after))
    }

    fn prepare_reading(&mut self) -> Result<(), StoreError> {
        self.done(indexes::analyze(self.conn))
    }

    fn commit(mut self: Box<Self>, next: PerFeed<Option<NextRows>>) -> Result<bool, StoreError> {
        self.done(self.conn.execute_batch("commit"))?;
        self.detach();
        thread::scope(|scope| {
            let copy = scope.spawn(|| CurrentRowsCopy::of(next));
            let is_log_pending = connection::checkpoint(self.conn, self.path, READERS_TIMEOUT);
            if let Some(copy) = copy.join().unwrap_or_else(|panic| resume_unwind(panic))
                && let Err(error) = copy.write(self.path, self.schema)
            {
                tracing::debug!("the copy of the keys is not written: {error}");
            }
            Ok(is_log_pending)
        })
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        // Without a commit everything is rolled back; if the rollback fails, closing the connection does it.
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("rollback")
        {
            tracing::warn!("rolling back {} failed: {error}", self.path.display());
        }
        self.detach();
    }
}
