//! `org.db` open for reading.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::store::error::StoreError;
use crate::store::run_row::RunRow;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::connection;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::sqlite::event_list;
use crate::store::sqlite::format::FORMAT;
use crate::store::sqlite::run_list;
use crate::store::sqlite::snapshots;
use crate::store::sqlite::tree_view::{self, TreeQuery, TreeView};
use crate::store::stored_event::StoredEvent;

/// `org.db` of one tenant, open for reading.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    /// Forests of the date that is shown, whose tables in memory are not filled yet.
    unfilled: BTreeSet<String>,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if nothing was imported yet; [`StoreError::Newer`], [`StoreError::Foreign`];
    /// any fault of the file.
    pub fn open_existing(path: &Path) -> Result<Reader, StoreError> {
        Reader::open_with_timeout(path, connection::BUSY_TIMEOUT)
    }

    /// As [`Reader::open_existing`] with a timeout of the caller: each query waits at most so long for a writer that
    /// keeps readers out.
    ///
    /// # Errors
    /// As [`Reader::open_existing`], and [`StoreError::Locked`] from here on and from each query.
    pub fn open_with_timeout(path: &Path, busy_timeout: Duration) -> Result<Reader, StoreError> {
        let conn = connection::open_existing(path, busy_timeout)?;
        Ok(Reader { conn, path: path.to_path_buf(), unfilled: BTreeSet::new() })
    }

    /// The newest snapshot; none before the first publication.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn latest(&self) -> Result<Option<SnapshotInfo>, StoreError> {
        if self.is_blank()? {
            return Ok(None);
        }
        snapshots::newest(&self.conn, None).map_err(|error| self.fault(error))
    }

    /// The snapshot of a date.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if there is none; any fault of the database.
    pub fn snapshot(&self, date: NaiveDate) -> Result<SnapshotInfo, StoreError> {
        if self.is_blank()? {
            return Err(StoreError::UnknownDate { date, known: Vec::new() });
        }
        let found = snapshots::of(&self.conn, date).map_err(|error| self.fault(error))?;
        let known = snapshots::dates(&self.conn).map_err(|error| self.fault(error))?;
        found.ok_or(StoreError::UnknownDate { date, known })
    }

    /// All snapshots, by date.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn snapshots(&self) -> Result<Vec<SnapshotInfo>, StoreError> {
        if self.is_blank()? {
            return Ok(Vec::new());
        }
        snapshots::all(&self.conn).map_err(|error| self.fault(error))
    }

    /// The recorded runs, newest first, at most `limit`.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunRow>, StoreError> {
        if self.is_blank()? {
            return Ok(Vec::new());
        }
        run_list::read(&self.conn, limit).map_err(|error| self.fault(error))
    }

    /// The dates that were taken back.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn retracted_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        if self.is_blank()? {
            return Ok(BTreeSet::new());
        }
        let read = || -> rusqlite::Result<BTreeSet<NaiveDate>> {
            let mut statement =
                self.conn.prepare("select distinct business_date from retraction")?;
            let mut rows = statement.query([])?;
            let (mut reader, mut dates) = (DateReader::default(), BTreeSet::new());
            while let Some(row) = rows.next()? {
                dates.extend(reader.read(row.get_ref(0)?)?);
            }
            Ok(dates)
        };
        read().map_err(|error| self.fault(error))
    }

    /// Names of the forests.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn forests(&self) -> Result<Vec<String>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.conn.prepare("select name from forest order by name")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.fault(error))
    }

    /// A part of a forest; `None` if the record asked for is not in it, or nothing was imported yet.
    ///
    /// # Errors
    /// [`StoreError::UnknownForest`]; any fault of the database.
    pub fn tree(&self, forest: &str, query: TreeQuery<'_>) -> Result<Option<TreeView>, StoreError> {
        if self.is_blank()? {
            return Ok(None);
        }
        let found = tree_view::forest(&self.conn, forest).map_err(|error| self.fault(error))?;
        let Some(found) = found else {
            return Err(StoreError::UnknownForest {
                name: forest.to_owned(),
                known: self.forests()?,
            });
        };
        tree_view::read(&self.conn, found, query).map_err(|error| self.fault(error))
    }

    /// Whether the file has no tables: a first import was ended before it made them. Nothing is published yet.
    ///
    /// # Errors
    /// Any fault of the database.
    pub(super) fn is_blank(&self) -> Result<bool, StoreError> {
        let version =
            self.conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        version.map(|version| version == 0).map_err(|error| self.fault(error))
    }

    /// Whether it has an earlier format: it lacks what later ones have added.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn is_earlier(&self) -> Result<bool, StoreError> {
        let earlier = FORMAT.earlier(&self.conn);
        earlier.map(|found| found.is_some()).map_err(|fault| StoreError::sqlite(&self.path, fault))
    }

    /// Refuses a database of an earlier format, for what reads all of the newest one.
    ///
    /// # Errors
    /// [`StoreError::Earlier`]; any fault of the database.
    pub fn require_newest_format(&self) -> Result<(), StoreError> {
        match self.is_earlier()? {
            true => Err(self.earlier()),
            false => Ok(()),
        }
    }

    /// What was published, approved and taken back, in order.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn events(&self) -> Result<Vec<StoredEvent>, StoreError> {
        if self.is_blank()? {
            return Ok(Vec::new());
        }
        event_list::read(&self.conn).map_err(|error| self.fault(error))
    }

    /// The forests whose trees have to be filled before they are read: those of a date that is not the newest.
    pub fn unfilled_trees(&self) -> &BTreeSet<String> {
        &self.unfilled
    }

    pub(super) fn set_unfilled_trees(&mut self, forests: Vec<String>) {
        self.unfilled = forests.into_iter().collect();
    }

    pub(super) fn set_filled(&mut self, forest: &str) {
        self.unfilled.remove(forest);
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.conn
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fault(&self, error: rusqlite::Error) -> StoreError {
        match StoreError::sqlite(&self.path, error) {
            // It asked for a table or a column that an earlier format does not have.
            StoreError::Sqlite { .. } if self.is_earlier().unwrap_or(false) => self.earlier(),
            fault => fault,
        }
    }

    fn earlier(&self) -> StoreError {
        let found = FORMAT.found(&self.conn).unwrap_or_default();
        StoreError::Earlier { path: self.path.clone(), found, supported: FORMAT.supported() }
    }
}
