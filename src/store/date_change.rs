//! An open transaction that changes what there is of one business date: what a publication and a retraction share.

use std::path::Path;

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::config::schema::{ForestSchema, Schema};
use crate::model::{Feed, PerFeed, RowCounter, StoredRows, TreeRows};
use crate::store::branches::Branches;
use crate::store::connection::{self, READERS_TIMEOUT};
use crate::store::current_rows::CurrentRows;
use crate::store::date_list::Dates;
use crate::store::dates::iso;
use crate::store::derivation::{Derivation, Derived};
use crate::store::derived_columns::DerivedColumns;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::first_trees::FirstTrees;
use crate::store::forest_state;
use crate::store::identifier::quoted;
use crate::store::indexes;
use crate::store::rows::Written;
use crate::store::select::Select;
use crate::store::snapshot;
use crate::store::stored_feed::StoredFeed;
use crate::store::tree_layout::tree_table;
use crate::store::trees::{self, NewTree, StoredTree, TreeHashes};
use crate::store::{event_rows, headcount_rows};

/// An open transaction. Nothing is visible to others before it is committed; if dropped before that, it changes
/// nothing.
#[derive(Debug)]
pub struct DateChange<'s> {
    /// Borrowed exclusively, unlike in `rusqlite::Transaction`, so that it can begin on one thread and be written on
    /// another.
    pub(super) conn: &'s mut Connection,
    path: &'s Path,
    pub(super) schema: &'s Schema,
    pub(super) tables: &'s PerFeed<FeedTable>,
    pub(super) date: NaiveDate,
    /// All dates with a delivery, ascending, this one among them.
    dates: Vec<NaiveDate>,
    /// Whether the date had a delivery before the transaction.
    known: bool,
    /// Whether the date is to have a delivery after it.
    pub(super) kept: bool,
    /// The newest date before the transaction.
    newest: Option<NaiveDate>,
    /// One a feed, once its rows are written.
    pub(super) written: PerFeed<Option<Written>>,
    /// One a forest.
    trees_written: Vec<bool>,
    /// The file of the forests of a first load, while it is attached to the connection.
    first_trees: Option<FirstTrees>,
    /// Is told of the rows that are written.
    pub(super) counter: RowCounter<'s>,
}

impl<'s> DateChange<'s> {
    /// Opens the transaction.
    pub(super) fn begin(
        conn: &'s mut Connection,
        path: &'s Path,
        schema: &'s Schema,
        tables: &'s PerFeed<FeedTable>,
        date: NaiveDate,
    ) -> Result<DateChange<'s>, StoreError> {
        conn.execute_batch("begin immediate").map_err(|error| StoreError::sqlite(path, error))?;
        // From here on `Drop` rolls back whatever happens.
        let mut change = DateChange {
            conn,
            path,
            schema,
            tables,
            date,
            dates: Vec::new(),
            known: true,
            kept: true,
            newest: None,
            written: PerFeed::default(),
            trees_written: vec![false; schema.forests.len()],
            first_trees: None,
            counter: RowCounter::default(),
        };
        // Read inside the transaction: no other process can publish after it.
        let mut dates = snapshot::dates(change.conn).map_err(|error| change.fault(error))?;
        change.newest = dates.last().copied();
        if let Err(at) = dates.binary_search(&date) {
            dates.insert(at, date);
            change.known = false;
        }
        change.dates = dates;
        Ok(change)
    }

    pub(super) fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(self.path, error)
    }

    /// The file of the database.
    pub(super) fn path(&self) -> &'s Path {
        self.path
    }

    /// The dates, for the rows of a feed.
    pub(super) fn dates(&self) -> Dates<'_> {
        Dates { date: self.date, all: &self.dates, known: self.known, kept: self.kept }
    }

    /// Follows what changes in a feed for the derived tables.
    pub(super) fn derivation(&self, feed: Feed) -> rusqlite::Result<Derivation<'_>> {
        Derivation::new(self.conn, self.schema, &self.tables[feed], self.dates())
    }

    /// Reads the rows of a feed around the date. `current` are those of its snapshot table, if they are known.
    pub(super) fn stored(
        &self,
        feed: Feed,
        current: Option<CurrentRows>,
        branches: Option<&mut Branches>,
    ) -> rusqlite::Result<StoredFeed> {
        StoredFeed::read(self.conn, &self.tables[feed], self.date, self.newest, current, branches)
    }

    /// Holds the copy of the rows of a snapshot table against the table, in every test.
    #[cfg(test)]
    pub(super) fn assert_same(
        &self,
        feed: Feed,
        copy: Option<&CurrentRows>,
        branches: Option<&Branches>,
    ) {
        let Some(copy) = copy else { return };
        let table = &self.tables[feed];
        let read = crate::store::stored_feed::read_current(self.conn, table, branches).unwrap();
        assert_eq!(copy.list(), read.list(), "the copy of the rows of {feed}");
    }

    /// Whether this date is after all others.
    pub(super) fn is_forward(&self) -> bool {
        self.newest.is_some_and(|newest| newest < self.date)
    }

    /// Whether an older date changed the content of the newest snapshot, so that its forests are to be made anew from
    /// [`DateChange::newest_rows`]; once all feeds are written.
    pub fn newest_changed(&self) -> bool {
        self.written.iter().flatten().any(|written| written.newest_changed)
    }

    /// All rows of a feed in the newest snapshot, by key, with the fields asked for (by the schema's names).
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field; any fault of the database.
    pub fn newest_rows(&self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        let select = Select::new(self.schema.feed(feed), fields)?;
        select.all(self.conn, feed.name()).map_err(|error| self.fault(error))
    }

    /// Writes the rows of one forest, once, those that differ from the stored ones. `former` is what is stored if that is
    /// known; otherwise it is read. Returns how many rows had to be written or deleted.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows do not have the shape that [`TreeRows`] promises; any fault of
    /// the database. After an error the transaction can only be dropped.
    pub fn write_tree(
        &mut self,
        forest: &ForestSchema,
        rows: &TreeRows<'_>,
        former: Option<&TreeRows<'_>>,
    ) -> Result<u64, StoreError> {
        let unknown = || StoreError::Misuse(format!("the schema has no forest {}", forest.name));
        let at = self.schema.forests.iter().position(|f| f == forest).ok_or_else(unknown)?;
        let written = self.trees_written.get_mut(at).ok_or_else(unknown)?;
        if std::mem::replace(written, true) {
            return Err(StoreError::Misuse(format!("the forest {} comes twice", forest.name)));
        }
        let known = former.map(|former| NewTree::new(forest, former)).transpose()?;
        let new = NewTree::new(forest, rows)?;
        let write = || -> rusqlite::Result<u64> {
            let stored = match known {
                Some(known) => StoredTree::Known(known),
                None => StoredTree::Read(TreeHashes::read(self.conn, forest)?),
            };
            if stored.is_empty() {
                indexes::drop_tree(self.conn, forest)?;
            }
            let written = trees::write(self.conn, forest, &stored, &new, self.counter)?;
            if stored.is_empty() {
                indexes::create_tree(self.conn, forest)?;
            }
            Ok(written)
        };
        write().map_err(|error| StoreError::sqlite(self.path, error))
    }

    /// Whether nothing has been published yet and the tables of the forests are empty, so that they may be written into a
    /// file of their own.
    pub(super) fn is_first_load(&self) -> rusqlite::Result<bool> {
        let mut is_first = self.newest.is_none();
        for forest in &self.schema.forests {
            is_first =
                is_first && indexes::is_empty(self.conn, &quoted(&tree_table(&forest.name)))?;
        }
        Ok(is_first)
    }

    /// Takes over the forests of a first load, all of them at once.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a forest is written already; any fault of the database or of the file. After an error the
    /// transaction can only be dropped.
    pub fn take_trees(&mut self, trees: FirstTrees) -> Result<(), StoreError> {
        if self.trees_written.contains(&true) {
            return Err(StoreError::Misuse("the forests come twice".to_owned()));
        }
        self.first_trees
            .insert(trees)
            .copy_to(self.conn, self.schema, self.counter)
            .map_err(|error| StoreError::sqlite(self.path, error))?;
        self.trees_written.fill(true);
        Ok(())
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

    /// The feeds and forests that are not written. `trees` says whether the forests have to be.
    pub(super) fn missing(&self, trees: bool) -> Result<(), StoreError> {
        let feeds = self.tables.iter().zip(&self.written);
        let feeds = feeds.filter(|(_, done)| done.is_none()).map(|(t, _)| t.name().to_owned());
        let forests = self.schema.forests.iter().zip(&self.trees_written);
        let forests = forests
            .filter(|(_, done)| trees && !**done)
            .map(|(forest, _)| format!("forest {}", forest.name));
        let missing: Vec<String> = feeds.chain(forests).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Misuse(format!("not written: {}", missing.join(", ")))),
        }
    }

    /// Corrects the counts of the later dates, which an older one changes through what is carried.
    pub(super) fn write_later_counts(&self) -> rusqlite::Result<()> {
        let later = self.dates.iter().filter(|date| **date > self.date);
        let more = |feed: Feed, date: NaiveDate| -> i64 {
            let written = self.written[feed].iter();
            written.flat_map(|written| written.more_rows.range(..=date)).map(|(_, more)| more).sum()
        };
        for date in later {
            let counts = Feed::ALL.map(|feed| more(feed, *date));
            if counts.iter().any(|more| *more != 0) {
                let [agent, node, organ, principal] = counts;
                let sql = "update snapshot set agent_rows = agent_rows + ?2, node_rows = node_rows + ?3, \
                           organ_rows = organ_rows + ?4, principal_rows = principal_rows + ?5 \
                           where business_date = ?1";
                self.conn.execute(sql, params![iso(*date), agent, node, organ, principal])?;
            }
        }
        Ok(())
    }

    /// Writes what of the derived tables can be told once all feeds are written.
    pub(super) fn write_derived(&self) -> rusqlite::Result<()> {
        let dates = self.dates();
        for table in self.tables.iter() {
            if let Some(rule) = DerivedColumns::new(self.schema, table).events {
                let (before, after) = (dates.oldest_before(), dates.oldest_after());
                event_rows::renew_oldest(self.conn, table, &rule, before, after)?;
            }
        }
        let derived = |feed: Feed| self.written[feed].as_ref().map(|written| &written.derived);
        let none = Derived::default();
        let agents = &derived(Feed::Agent).unwrap_or(&none).agents;
        let hierarchy = &derived(Feed::Organ).unwrap_or(&none).hierarchy;
        headcount_rows::write(self.conn, self.schema, dates, agents, hierarchy)
    }

    /// Notes what the forests were made of, if they were written.
    pub(super) fn note_trees(&self) -> rusqlite::Result<()> {
        match self.trees_written.iter().all(|written| *written) {
            true => forest_state::note(self.conn, self.schema),
            false => Ok(()),
        }
    }

    /// Makes the changes visible to all readers; from here on they survive a power cut. Returns whether the log still
    /// holds them, as a reader keeps it from being folded back.
    pub(super) fn commit(mut self) -> Result<bool, StoreError> {
        self.conn.execute_batch("commit").map_err(|error| self.fault(error))?;
        self.detach();
        Ok(connection::checkpoint(self.conn, self.path, READERS_TIMEOUT))
    }
}

impl Drop for DateChange<'_> {
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
