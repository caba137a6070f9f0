//! Opening `wecom.db`: its folder, its format, its journal.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use super::{WecomStoreError, dictionary};
use crate::store::{FileFormat, file_format};

/// `application_id` of the file: "orwe".
const APPLICATION_ID: i64 = 0x6f72_7765;

/// The steps from an empty file to the newest format; `user_version` counts those taken.
const MIGRATIONS: [M<'static>; 1] = [M::up(include_str!("migrations/0001.sql"))];

/// How often to look again while another program holds the file, and how long to wait in between: three seconds in
/// all, as WeCom gives a callback five. SQLite's own waiting grows to a tenth of a second a time, in which a program
/// with many short transactions comes and goes unseen.
const BUSY_RETRIES: i32 = 1_500;
const BUSY_RETRY_INTERVAL: Duration = Duration::from_millis(2);

/// Page cache in KiB, as SQLite wants it: negative.
const CACHE_SIZE: i64 = -32_768;

/// Frames in the log after which a commit folds it back, some 4 MB: little enough that those who wait for that commit
/// wait for some milliseconds only.
const CHECKPOINT_PAGES: i64 = 1_000;

/// Statements kept ready; the writer uses some thirty.
const STATEMENT_CACHE_CAPACITY: usize = 64;

/// Opens the file for writing, creates it (and its folder) for the owner only if it is not there, and brings it to
/// the newest format.
pub(super) fn open(path: &Path) -> Result<Connection, WecomStoreError> {
    create_private_file(path)?;
    let fault = |error| WecomStoreError::sqlite(path, error);
    let mut conn = connect(path)?;
    if conn.is_readonly("main").map_err(fault)? {
        return Err(WecomStoreError::ReadOnly { path: path.to_path_buf() });
    }
    check_format(&conn, path)?;
    conn.pragma_update(None, "cache_size", CACHE_SIZE).map_err(fault)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(fault)?;
    // In WAL mode only FULL waits for the disk at every commit; an acknowledged event survives a power cut.
    conn.pragma_update(None, "synchronous", "FULL").map_err(fault)?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(fault)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
    migrate(&mut conn, path)?;
    Ok(conn)
}

/// Opens the file for reading.
///
/// # Errors
/// [`WecomStoreError::NotFound`] if there is none; as for writing.
pub(super) fn open_existing(path: &Path) -> Result<Connection, WecomStoreError> {
    if !path.exists() {
        return Err(WecomStoreError::NotFound { path: path.to_path_buf() });
    }
    // Read-write, because a reader has to finish what a killed writer left; `query_only` keeps it from writing
    // anything of its own. Where the user may not write, SQLite opens the file read-only itself.
    let conn = connect(path)?;
    check_format(&conn, path)?;
    conn.pragma_update(None, "query_only", true)
        .map_err(|error| WecomStoreError::sqlite(path, error))?;
    Ok(conn)
}

/// Makes the folder and an empty file, if they are not there, readable by their owner alone: the events name people.
/// SQLite gives its log the permissions of the file. What was made is told to the disk as well: an event is not
/// durable in a file whose name a power cut takes away.
fn create_private_file(path: &Path) -> Result<(), WecomStoreError> {
    let cannot = |_| WecomStoreError::CannotOpen { path: path.to_path_buf() };
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(cannot)?;
    // The file's name stands in its folder, the folder's in the data folder, and that one may be new too.
    for folder in folder.ancestors().take(3).filter(|folder| !folder.as_os_str().is_empty()) {
        // One that may be passed but not read was not made here.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all().map_err(cannot)?;
        }
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, WecomStoreError> {
    let fault = |error| WecomStoreError::sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(fault)?;
    conn.busy_handler(Some(wait_while_busy)).map_err(fault)?;
    Ok(conn)
}

fn wait_while_busy(tries: i32) -> bool {
    std::thread::sleep(BUSY_RETRY_INTERVAL);
    tries < BUSY_RETRIES
}

/// Refuses a file of another program and one of a newer orgsnap, before anything is written to it.
fn check_format(conn: &Connection, path: &Path) -> Result<(), WecomStoreError> {
    let supported = MIGRATIONS.len() as i64;
    let format = file_format(conn, APPLICATION_ID, supported);
    match format.map_err(|error| WecomStoreError::sqlite(path, error))? {
        FileFormat::Known => Ok(()),
        FileFormat::Foreign => Err(WecomStoreError::Foreign { path: path.to_path_buf() }),
        FileFormat::Newer { found } => {
            Err(WecomStoreError::Newer { path: path.to_path_buf(), found, supported })
        }
    }
}

/// Takes the missing steps and writes what the tables mean. Two programs may do so at once: the second finds nothing
/// left to do.
fn migrate(conn: &mut Connection, path: &Path) -> Result<(), WecomStoreError> {
    let fault = |error| WecomStoreError::sqlite(path, error);
    let version = |conn: &Connection| {
        conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
    };
    let supported = MIGRATIONS.len() as i64;
    if version(conn).map_err(fault)? < supported {
        let taken = Migrations::from_slice(&MIGRATIONS).to_latest(conn);
        // The other program may have taken the step between the look and the leap.
        if version(conn).map_err(fault)? < supported
            && let Err(rusqlite_migration::Error::RusqliteError { err, .. }) = taken
        {
            return Err(fault(err));
        }
    }
    let write = |conn: &mut Connection| -> rusqlite::Result<()> {
        if dictionary::is_current(conn)? {
            return Ok(());
        }
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        dictionary::write(&transaction)?;
        transaction.commit()
    };
    write(conn).map_err(fault)
}
