//! Opening `org.db`, and the journal it is written under.
//!
//! A first load is written under the rollback journal: a new file has nothing to save in it, so every page
//! is written once and the commit is still atomic and durable. From then on the file is in WAL mode, where
//! readers never wait. After each publication the log is folded back, so that the file can be copied alone.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::store::{FileFormat, StoreError, file_format, snapshot};

/// `application_id` of the file: "orgs".
const APPLICATION_ID: i64 = 0x6f72_6773;

/// The steps from an empty file to the newest format; `user_version` counts those taken.
const MIGRATIONS: [M<'static>; 1] = [M::up(include_str!("migrations/0001.sql"))];

/// How long to wait for another program that holds the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page size in bytes; 8 KiB holds some forty agents.
const PAGE_SIZE: i64 = 8_192;

/// Page cache in KiB, as SQLite wants it: negative. Tables are read and written in the order of their
/// pages, so a larger one makes nothing faster (16 and 64 MiB take the same time at a million agents).
const CACHE_SIZE: i64 = -16_384;

/// Opens the file for writing, creates it if it is not there, and brings it to the newest format.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut conn = connect(path, flags)?;
    let fault = |error| StoreError::sqlite(path, error);
    if conn.is_readonly("main").map_err(fault)? {
        return Err(StoreError::ReadOnly { path: path.to_path_buf() });
    }
    check_format(&conn, path)?;
    conn.pragma_update(None, "page_size", PAGE_SIZE).map_err(fault)?;
    conn.pragma_update(None, "cache_size", CACHE_SIZE).map_err(fault)?;
    // What is sorted for an index is the roster; it is not to lie about in a temporary file.
    conn.pragma_update(None, "temp_store", "memory").map_err(fault)?;
    conn.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    // The log is folded back after the commit, not within it.
    conn.pragma_update(None, "wal_autocheckpoint", 0).map_err(fault)?;
    Migrations::from_slice(&MIGRATIONS).to_latest(&mut conn).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => fault(err),
        other => StoreError::Misuse(other.to_string()),
    })?;
    Ok(conn)
}

/// Opens the file for reading. A writer that keeps readers out, as one does at its first import, is waited for so
/// long at each query.
pub(super) fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::NotFound { path: path.to_path_buf() });
    }
    // Read-write, because a reader has to finish what a killed writer left; `query_only` keeps it from
    // writing anything of its own. Where the user may not write, SQLite opens the file read-only itself.
    let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|conn| {
        conn.busy_timeout(busy_timeout).map_err(|error| StoreError::sqlite(path, error))?;
        check_format(&conn, path)?;
        conn.pragma_update(None, "query_only", true)
            .map_err(|error| StoreError::sqlite(path, error))?;
        Ok(conn)
    });
    match (opened, immutable_uri(path)) {
        (Err(StoreError::ReadOnly { .. } | StoreError::CannotOpen { .. }), Some(uri)) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let conn = connect(Path::new(&uri), flags)?;
            check_format(&conn, path)?;
            Ok(conn)
        }
        (opened, _) => opened,
    }
}

/// The file as one that nobody writes, if nobody does: it has no log. SQLite cannot make the index of the log
/// in a folder that this user may not write to, such as an analyst's read-only share, and needs none then
/// (<https://sqlite.org/wal.html#read_only_databases>).
fn immutable_uri(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    if Path::new(&format!("{path}-wal")).exists() {
        return None;
    }
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{escaped}?immutable=1"))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let fault = |error| StoreError::sqlite(path, error);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(fault)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
    Ok(conn)
}

/// Refuses a file of another program and one of a newer orgsnap, before anything is written to it.
fn check_format(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let supported = MIGRATIONS.len() as i64;
    let format = file_format(conn, APPLICATION_ID, supported);
    match format.map_err(|error| StoreError::sqlite(path, error))? {
        FileFormat::Known => Ok(()),
        FileFormat::Foreign => Err(StoreError::Foreign { path: path.to_path_buf() }),
        FileFormat::Newer { found } => {
            Err(StoreError::Newer { path: path.to_path_buf(), found, supported })
        }
    }
}

/// Puts the file into the state in which readers like it best, after a commit and when it is opened: WAL
/// mode once there is a snapshot, and an empty log. The snapshot is published whether this succeeds or not,
/// and a later run makes up for it, so a fault is only logged.
pub(super) fn checkpoint(conn: &Connection, path: &Path) {
    if let Err(error) = try_checkpoint(conn) {
        tracing::warn!(path = %path.display(), %error, "the log of the database was not folded back");
    }
}

fn try_checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    if snapshot::newest(conn, None)?.is_none() {
        return Ok(());
    }
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode == "wal" {
        // A reader in the middle of a long query is not waited for.
        conn.busy_timeout(Duration::ZERO)?;
        let folded = conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        conn.busy_timeout(BUSY_TIMEOUT)?;
        folded
    } else {
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
    }
}
