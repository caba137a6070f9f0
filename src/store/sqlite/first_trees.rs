//! The forests of a first load in a file of their own, which another thread writes while the rows of the feeds go into the
//! database: SQLite has one writer for each file. The publication takes their tables over, cell by cell and with their
//! indexes, in a fifth of the time that writing the rows takes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::config::schema::{ForestSchema, Schema};
use crate::disk::open_private_file;
use crate::model::{Cancel, RowCounter, TreeRows};
use crate::sqlite::{self, BusyPolicy, SqliteFault};
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::connection::{CACHE_SIZE, PAGE_SIZE, sort_beside};
use crate::store::sqlite::indexes;
use crate::store::sqlite::tree_rows::TreeStatements;
use crate::store::sqlite::tree_tables;
use crate::store::tree_layout::tree_table;
use crate::store::trees::{self, NewTree, StoredTree, TreeHashes};

/// Name of the file in the connection that takes its tables over.
const ATTACHED: &str = "first_trees";

/// Where the forests of a first load may be written.
#[derive(Debug, Clone)]
pub struct FirstTreesPlace<'s> {
    path: PathBuf,
    schema: &'s Schema,
}

/// The forests of a first load. The file is removed when this is dropped.
#[derive(Debug)]
pub struct FirstTrees {
    path: PathBuf,
}

impl<'s> FirstTreesPlace<'s> {
    /// Beside a database.
    pub(super) fn new(database: &Path, schema: &'s Schema) -> FirstTreesPlace<'s> {
        let mut name = database.as_os_str().to_owned();
        name.push("-trees");
        FirstTreesPlace { path: name.into(), schema }
    }

    /// Writes the rows of all forests. A cancellation ends it between two of them; the run is then over.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a forest is missing or its rows have another shape than they promise; any fault of the
    /// file.
    pub fn write(
        self,
        rows: &[(&ForestSchema, TreeRows<'_>)],
        cancel: &Cancel,
    ) -> Result<FirstTrees, StoreError> {
        let path = &self.path;
        // A run that was killed leaves its file.
        let file = match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => open_private_file(path).map_err(|error| error.source),
        };
        file.map_err(|error| {
            let fault = match error.kind() {
                ErrorKind::StorageFull => SqliteFault::Full,
                ErrorKind::ReadOnlyFilesystem => SqliteFault::ReadOnly,
                _ => SqliteFault::CannotOpen,
            };
            StoreError::sqlite(path, fault)
        })?;
        let trees = FirstTrees { path: path.clone() };
        let fault = |error: rusqlite::Error| StoreError::sqlite(&trees.path, error);
        let conn = self.open().map_err(|fault| StoreError::sqlite(path, fault))?;
        for forest in &self.schema.forests {
            if cancel.is_asked() {
                break;
            }
            let given = rows.iter().find(|(of, _)| *of == forest);
            let missing = || StoreError::Misuse(format!("there are no rows of {}", forest.name));
            let (_, rows) = given.ok_or_else(missing)?;
            let new = NewTree::new(forest, rows)?;
            let write = || -> rusqlite::Result<()> {
                tree_tables::prepare(&conn, self.schema, forest)?;
                let stored = StoredTree::Read(TreeHashes::default());
                trees::write(
                    &mut TreeStatements::new(&conn, forest)?,
                    &stored,
                    &new,
                    RowCounter::default(),
                )?;
                indexes::create_tree(&conn, forest)
            };
            write().map_err(fault)?;
        }
        conn.execute_batch("commit").map_err(fault)?;
        Ok(trees)
    }

    /// Nobody else reads the file, and after a power cut nobody asks for it.
    fn open(&self) -> Result<Connection, SqliteFault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let conn = sqlite::connect(&self.path, flags, BusyPolicy::Timeout(Duration::ZERO))?;
        conn.pragma_update(None, "page_size", PAGE_SIZE)?;
        conn.pragma_update(None, "cache_size", CACHE_SIZE)?;
        conn.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "off")?;
        sort_beside(&conn, &self.path)?;
        conn.execute_batch("begin exclusive")?;
        Ok(conn)
    }
}

impl FirstTrees {
    /// Fills the empty tables of the forests in the open transaction of a connection, which the file is attached to from
    /// here on.
    pub(super) fn copy_to(
        &self,
        conn: &Connection,
        schema: &Schema,
        counter: RowCounter<'_>,
    ) -> rusqlite::Result<()> {
        let path =
            self.path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(self.path.clone()))?;
        conn.execute(&format!("attach ?1 as {ATTACHED}"), params![path])?;
        for forest in &schema.forests {
            // SQLite copies the cells of a table and of its indexes as they are, without reading them, if both have the
            // same columns and indexes and the one that is filled is empty: its transfer optimization (`xferOptimization`
            // in its insert.c), by which VACUUM works too.
            indexes::create_tree(conn, forest)?;
            let table = quoted(&tree_table(&forest.name));
            let sql = format!("insert into main.{table} select * from {ATTACHED}.{table}");
            counter.add(conn.execute(&sql, [])? as u64, 0);
        }
        Ok(())
    }

    /// Lets go of the file, after the transaction.
    pub(super) fn detach(conn: &Connection) -> rusqlite::Result<()> {
        conn.execute_batch(&format!("detach {ATTACHED}"))
    }
}

impl Drop for FirstTrees {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("{} could not be removed: {error}", self.path.display());
        }
    }
}
