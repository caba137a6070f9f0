//! `org.db` as of a date: views that last as long as the connection take the places of the snapshot tables and of what is
//! made of them.
//!
//! A version holds on a date from which it is valid and before which it has not ended; so the rows of a date are some of
//! the current ones and some of the history. They are not copied: a comparison with a key or a team finds its index in
//! both. The trees are kept of the newest date alone; those of another date are written to tables in memory by whoever
//! can build them, when they are asked for.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::config::schema::{ForestSchema, LevelSchema, Tops};
use crate::model::{Feed, Message, RowCounter, StoredRows, TreeRows};
use crate::store::dates::iso;
use crate::store::error::StoreError;
use crate::store::feed_table::is_snapshot_column;
use crate::store::identifier::quoted;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::select::Select;
use crate::store::sqlite::snapshots;
use crate::store::sqlite::tree_rows::TreeStatements;
use crate::store::tree_layout::tree_table;
use crate::store::trees::{self, NewTree, StoredTree, TreeHashes};

/// A forest as far as building it from stored rows needs.
#[derive(Debug, Clone)]
pub struct StoredForest {
    /// The forest, its parent field named as the column.
    pub schema: ForestSchema,
    /// The column that names its records.
    pub name_column: Option<String>,
}

impl Reader {
    /// From here on shows the snapshot that is in force on a date: the newest that is not after it. Everything that this
    /// reader reads afterwards is of one moment.
    ///
    /// Of the tables, `organ`, `node`, `principal` and `agent` and the views over them are those of the date; the
    /// trees are empty until [`Reader::fill_tree`] has written them. Returns the snapshot.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if all snapshots are later, [`StoreError::NothingPublished`] if there is none; any fault of
    /// the database.
    pub fn show_date(&mut self, date: Option<NaiveDate>) -> Result<SnapshotInfo, StoreError> {
        let unknown = |known: Vec<NaiveDate>| match date.or(known.first().copied()) {
            Some(date) if !known.is_empty() => StoreError::UnknownDate { date, known },
            _ => StoreError::NothingPublished { path: self.path().to_path_buf() },
        };
        if self.is_blank()? {
            return Err(unknown(Vec::new()));
        }
        let conn = self.connection();
        let show = || -> rusqlite::Result<(Option<SnapshotInfo>, Vec<NaiveDate>, bool)> {
            // Rows of people must not lie in a file that is not the database. The transaction lasts until the connection
            // ends, as several statements are to see one state.
            if conn.is_autocommit() {
                conn.pragma_update(None, "temp_store", "memory")?;
                conn.execute_batch("begin")?;
            }
            let known = snapshots::dates(conn)?;
            let Some(found) = snapshots::at(conn, date)? else { return Ok((None, known, false)) };
            let is_past = known.last().is_some_and(|newest| found.date < *newest);
            if is_past {
                in_memory(conn, || install(conn, found.date))?;
            }
            Ok((Some(found), known, is_past))
        };
        let (found, known, is_past) = show().map_err(|error| self.fault(error))?;
        let Some(found) = found else { return Err(unknown(known)) };
        if is_past {
            self.set_unfilled_trees(self.forests()?);
        }
        Ok(found)
    }

    /// The forests.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn stored_forests(&self) -> Result<Vec<StoredForest>, StoreError> {
        let conn = self.connection();
        let read = || -> rusqlite::Result<Vec<StoredForest>> {
            let sql = "select name, title_zh, title_en, feed, parent_column, name_column from forest \
                       order by name";
            let mut statement = conn.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let text = |at: usize| row.get::<_, String>(at);
                let title = Message::new(text(1)?, text(2)?);
                Ok((text(0)?, title, text(3)?, text(4)?, row.get::<_, Option<String>>(5)?))
            })?;
            let mut forests = Vec::new();
            for row in rows {
                let (name, title, feed, parent, name_column) = row?;
                let Some(feed) = Feed::from_name(&feed) else { continue };
                let has_levels =
                    columns_of(conn, &tree_table(&name))?.iter().any(|column| column == "path");
                let level = LevelSchema { field: String::new(), step: 1, top: None };
                let schema = ForestSchema {
                    name,
                    title,
                    feed,
                    parent,
                    level: has_levels.then_some(level),
                    tops: Tops::Many,
                    top_markers: Default::default(),
                };
                forests.push(StoredForest { schema, name_column });
            }
            Ok(forests)
        };
        read().map_err(|error| self.fault(error))
    }

    /// The rows of a feed on the date that is shown, by key, with these columns; each is a field of that name. Columns that
    /// the table does not have are left out.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn rows(&self, feed: Feed, fields: &[(&str, &str)]) -> Result<StoredRows, StoreError> {
        let conn = self.connection();
        let read = || -> rusqlite::Result<StoredRows> {
            let there = columns_of(conn, feed.name())?;
            let key = key_column(conn, feed)?.unwrap_or_else(|| "id".to_owned());
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .copied()
                .filter(|(_, column)| there.iter().any(|known| known == column))
                .collect();
            Select::of_columns(&key, &fields).all(conn, feed.name())
        };
        read().map_err(|error| self.fault(error))
    }

    /// Writes the tree of the date that is shown, for as long as the connection lasts.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows do not have the shape that [`TreeRows`] promises; any fault of the database.
    pub fn fill_tree(
        &mut self,
        forest: &ForestSchema,
        rows: &TreeRows<'_>,
    ) -> Result<(), StoreError> {
        if !self.unfilled_trees().contains(&forest.name) {
            return Err(StoreError::Misuse(format!("the tree {} is there already", forest.name)));
        }
        let new = NewTree::new(forest, rows)?;
        let conn = self.connection();
        let fill = || -> rusqlite::Result<()> {
            trees::write(
                &mut TreeStatements::new(conn, forest)?,
                &StoredTree::Read(TreeHashes::default()),
                &new,
                RowCounter::default(),
            )?;
            copy_indexes(conn, &tree_table(&forest.name))
        };
        in_memory(conn, fill).map_err(|error| self.fault(error))?;
        self.set_filled(&forest.name);
        Ok(())
    }
}

/// Lets this module write what lasts as long as the connection.
fn in_memory(
    conn: &Connection,
    write: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    conn.pragma_update(None, "query_only", false)?;
    let written = write();
    conn.pragma_update(None, "query_only", true)?;
    written
}

/// Makes the views and the empty trees of a date.
fn install(conn: &Connection, date: NaiveDate) -> rusqlite::Result<()> {
    for feed in Feed::ALL {
        conn.execute_batch(&dated_view(conn, feed, date)?)?;
    }
    // What is made of the snapshot tables is made anew over those of the date, from the same words.
    let made = definitions(conn, "type in ('view', 'table')")?;
    let trees: BTreeSet<String> = forest_tables(conn)?;
    let versions = Feed::ALL.map(|feed| format!("{feed}_version"));
    for (name, sql) in made {
        if let Some(rest) = sql.strip_prefix("CREATE VIEW ") {
            if !versions.contains(&name) {
                conn.execute_batch(&format!("create temp view {rest}"))?;
            }
        } else if let Some(rest) = sql.strip_prefix("CREATE TABLE ")
            && trees.contains(&name)
        {
            conn.execute_batch(&format!("create temp table {rest}"))?;
        }
    }
    Ok(())
}

/// The rows of a feed on a date, with the columns of its table.
fn dated_view(conn: &Connection, feed: Feed, date: NaiveDate) -> rusqlite::Result<String> {
    let date = iso(date);
    let key = key_column(conn, feed)?.unwrap_or_else(|| "id".to_owned());
    let columns: Vec<String> =
        columns_of(conn, feed.name())?.into_iter().filter(|c| c != "valid_to").collect();
    let covers = format!(
        "feed = '{feed}' and carried_from <= '{date}' and (carried_to is null or carried_to > '{date}')"
    );
    let any = format!("select exists (select 1 from main.carry where {covers})");
    let is_carried: bool = conn.query_row(&any, [], |row| row.get(0))?;
    let column = |name: &String| match name.as_str() {
        // That of a row is that of its end, or of today.
        "carried_since" if is_carried => format!(
            "(select carried_from from main.carry where {covers} and carry.id = t.{}) as carried_since",
            quoted(&key)
        ),
        "carried_since" => "null as carried_since".to_owned(),
        name if is_snapshot_column(name) => format!("t.{name}"),
        name => format!("t.{0} as {0}", quoted(name)),
    };
    let columns: Vec<String> = columns.iter().map(column).collect();
    let columns = columns.join(", ");
    Ok(format!(
        "create temp view {feed} as \
         select {columns} from main.{feed} t where t.valid_from <= '{date}' \
         union all \
         select {columns} from main.{feed}_history t \
         where t.valid_from <= '{date}' and t.valid_to > '{date}'"
    ))
}

/// The indexes of a table of the file, on the table of that name in memory.
fn copy_indexes(conn: &Connection, table: &str) -> rusqlite::Result<()> {
    let sql = format!("type = 'index' and sql is not null and tbl_name = '{table}'");
    for (_, sql) in definitions(conn, &sql)? {
        for (head, temporary) in [
            ("CREATE INDEX ", "create index temp."),
            ("CREATE UNIQUE INDEX ", "create unique index temp."),
        ] {
            if let Some(rest) = sql.strip_prefix(head) {
                conn.execute_batch(&format!("{temporary}{rest}"))?;
            }
        }
    }
    Ok(())
}

/// Names and statements of what is in the file. SQLite keeps the words after the name as they were written.
fn definitions(conn: &Connection, which: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = format!("select name, sql from main.sqlite_schema where {which} order by rowid");
    let mut statement = conn.prepare(&sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn forest_tables(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = conn.prepare("select name from forest")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    names.map(|name| name.map(|name| tree_table(&name))).collect()
}
