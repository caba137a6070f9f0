//! Opening a database file. Pragmas that differ between the databases are set by the stores.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::SqliteFault;
use super::format::FileFormat;

/// What a connection does while another program holds the file.
#[derive(Debug, Clone, Copy)]
pub enum BusyPolicy {
    /// How long SQLite retries.
    Timeout(Duration),
    /// Called with the number of attempts so far; SQLite retries for as long as it returns true.
    Handler(fn(i32) -> bool),
}

/// Opens a file.
///
/// # Errors
/// Any fault of the file.
pub fn connect(path: &Path, flags: OpenFlags, busy: BusyPolicy) -> Result<Connection, SqliteFault> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // References are declared for the tools that read the file: a key that is missing in a delivery is no fault.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    match busy {
        BusyPolicy::Timeout(timeout) => conn.busy_timeout(timeout)?,
        BusyPolicy::Handler(handler) => conn.busy_handler(Some(handler))?,
    }
    Ok(conn)
}

/// Opens a file for writing and checks its format. An empty file has the format; [`FileFormat::migrate`] brings it
/// and an older one to the newest.
///
/// # Errors
/// [`SqliteFault::ReadOnly`], [`SqliteFault::Newer`] and [`SqliteFault::Foreign`] before anything is written; any
/// fault of the file.
pub fn open_for_writing(
    path: &Path,
    flags: OpenFlags,
    busy: BusyPolicy,
    format: FileFormat,
) -> Result<Connection, SqliteFault> {
    let conn = connect(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE, busy)?;
    if conn.is_readonly("main")? {
        return Err(SqliteFault::ReadOnly);
    }
    format.check(&conn)?;
    Ok(conn)
}

/// Opens an existing file for reading.
///
/// # Errors
/// [`SqliteFault::NotFound`] if there is none; otherwise as [`open_for_writing`].
pub fn open_for_reading(
    path: &Path,
    busy: BusyPolicy,
    format: FileFormat,
) -> Result<Connection, SqliteFault> {
    if !path.exists() {
        return Err(SqliteFault::NotFound);
    }
    // Read-write, because a reader has to recover what a killed writer left; `query_only` keeps it from writing
    // anything of its own. Where the user may not write, SQLite opens the file read-only itself.
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy)?;
    format.check(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}
