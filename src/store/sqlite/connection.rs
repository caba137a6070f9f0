//! Opens `org.db` and sets its journal mode.
//!
//! A first load uses the rollback journal: a new file has no old pages to save, so every page is written once, and
//! the commit is atomic and durable all the same. Afterwards the file is in WAL mode, where readers never wait. A
//! checkpoint after each publication empties the log, so that the file can be copied alone.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::disk::{close_to_others, open_private_file};
use crate::sqlite::{self, BusyPolicy, SqliteFault};
use crate::store::error::StoreError;
use crate::store::sqlite::format::FORMAT;
use crate::store::sqlite::snapshots;

/// Name of the database in a tenant's folder.
pub const DATABASE: &str = "org.db";

/// How long to wait for another program that holds the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page size in bytes. A day changes one row in a hundred, anywhere: with 8 KiB it writes half as many bytes again, and a
/// first load takes as long.
pub(super) const PAGE_SIZE: i64 = 4_096;

/// Page cache in KiB, as SQLite wants it: negative. Tables are read and written in the order of their
/// pages, so a larger one makes nothing faster (16 and 64 MiB take the same time at a million agents).
pub(super) const CACHE_SIZE: i64 = -16_384;

/// Opens the file for writing and creates it if it is not there; [`super::migration`] brings it to the newest format.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, SqliteFault> {
        let busy = BusyPolicy::Timeout(BUSY_TIMEOUT);
        keep_private(path)?;
        let conn = sqlite::open_for_writing(path, OpenFlags::SQLITE_OPEN_CREATE, busy, FORMAT)?;
        conn.pragma_update(None, "page_size", PAGE_SIZE)?;
        conn.pragma_update(None, "cache_size", CACHE_SIZE)?;
        sort_beside(&conn, path)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        // The log is checkpointed after the commit, not within it.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(conn)
    };
    open().map_err(|fault| StoreError::sqlite(path, fault))
}

/// Creates the file for its owner only if it is not there, and closes it to others if it is: it holds personal data. SQLite
/// gives its log and the index of the log the permissions of the file; those of an earlier run are closed as well.
fn keep_private(path: &Path) -> Result<(), SqliteFault> {
    if !path.exists() {
        open_private_file(path).map_err(|error| match error.source.kind() {
            ErrorKind::StorageFull => SqliteFault::Full,
            ErrorKind::ReadOnlyFilesystem => SqliteFault::ReadOnly,
            _ => SqliteFault::CannotOpen,
        })?;
    }
    let name = path.as_os_str();
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = name.to_owned();
        file.push(suffix);
        // Who may write the file and does not own it cannot change that; the import goes on.
        if let Err(error) = close_to_others(Path::new(&file)) {
            tracing::warn!("a file of the database stays open to others: {error}");
        }
    }
    Ok(())
}

/// Lets large sorts of the connection write their sorted runs beside the database: a file there has no name any more as
/// soon as it is open, and other users cannot read the folder. Where that is not possible they stay in memory.
///
/// The folder is one for the whole process; whichever database was opened last has its runs in its own.
pub(super) fn sort_beside(conn: &Connection, path: &Path) -> rusqlite::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_str();
    let is_set = folder
        .is_some_and(|folder| conn.pragma_update(None, "temp_store_directory", folder).is_ok());
    conn.pragma_update(None, "temp_store", if is_set { "file" } else { "memory" })
}

/// Opens the file for reading. Each query waits at most `busy_timeout` for a writer that keeps readers out, as one
/// does at its first import.
pub(super) fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let busy = BusyPolicy::Timeout(busy_timeout);
    let opened = match (sqlite::open_for_reading(path, busy, FORMAT), immutable_uri(path)) {
        (Err(SqliteFault::ReadOnly | SqliteFault::CannotOpen), Some(uri)) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            sqlite::connect(Path::new(&uri), flags, busy)
                .and_then(|conn| FORMAT.check(&conn).map(|()| conn))
        }
        (opened, _) => opened,
    };
    opened.map_err(|fault| StoreError::sqlite(path, fault))
}

/// The URI that opens the file as immutable; `None` if it has a log, so that somebody may be writing it. SQLite
/// cannot create the index of the log in a folder that this user may not write to, such as an analyst's read-only
/// share, and an immutable file needs none
/// (<https://sqlite.org/wal.html#read_only_databases>).
fn immutable_uri(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    if Path::new(&format!("{path}-wal")).exists() {
        return None;
    }
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{escaped}?immutable=1"))
}

/// How long a publication waits for programs that read an earlier snapshot, so that it can empty the log.
pub(super) const READERS_TIMEOUT: Duration = Duration::from_secs(2);

/// Switches to WAL mode once there is a snapshot, and empties the log; done after a commit and when the file is
/// opened. Returns whether the log still holds what the file lacks: a program that reads an earlier snapshot keeps it,
/// which is waited for so long. The snapshot is published whether this succeeds or not, and a later run repeats it, so a
/// fault is only logged.
pub(super) fn checkpoint(conn: &Connection, path: &Path, wait: Duration) -> bool {
    match try_checkpoint(conn, wait) {
        Ok(pending) => {
            if pending {
                // Whoever publishes says it in the language of the reader.
                tracing::debug!(path = %path.display(), "a reader keeps the log of the database from being folded back");
            }
            pending
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the log of the database was not folded back");
            is_log_pending(path)
        }
    }
}

fn try_checkpoint(conn: &Connection, wait: Duration) -> rusqlite::Result<bool> {
    if snapshots::newest(conn, None)?.is_none() {
        return Ok(false);
    }
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode == "wal" {
        conn.busy_timeout(wait)?;
        let busy: rusqlite::Result<bool> =
            conn.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0));
        conn.busy_timeout(BUSY_TIMEOUT)?;
        busy
    } else {
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        Ok(false)
    }
}

/// Whether the log of a database holds anything, so that a copy of the file alone may lack what was published last.
pub fn is_log_pending(path: &Path) -> bool {
    fs::metadata(format!("{}-wal", path.display())).is_ok_and(|log| log.len() > 0)
}

/// Empties the log of a database that nobody writes or reads just now. Returns whether it still holds anything.
///
/// # Errors
/// Any fault of the file.
pub fn fold_log(path: &Path) -> Result<bool, StoreError> {
    let open = || {
        let conn = sqlite::open_for_writing(
            path,
            OpenFlags::empty(),
            BusyPolicy::Timeout(Duration::ZERO),
            FORMAT,
        )?;
        Ok(try_checkpoint(&conn, Duration::ZERO)?)
    };
    open().map_err(|fault: SqliteFault| StoreError::sqlite(path, fault))
}
