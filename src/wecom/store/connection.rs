//! Opening `wecom.db`: its folder, its format, its journal.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::M;

use super::dictionary;
use super::error::WecomStoreError;
use crate::disk::{DiskError, create_private_dirs, open_private_file, sync_dir};
use crate::sqlite::{self, BusyPolicy, FileFormat, SqliteFault};

/// Name of the database in a tenant's folder.
pub const DATABASE: &str = "wecom.db";

/// The format of `wecom.db`; the application id is "orwe".
const FORMAT: FileFormat = FileFormat {
    application_id: 0x6f72_7765,
    migrations: || {
        vec![
            M::up(include_str!("migrations/0001.sql")),
            M::up(include_str!("migrations/0002.sql")),
            M::up(include_str!("migrations/0003.sql")),
            M::up(include_str!("migrations/0004.sql")),
            M::up(include_str!("migrations/0005.sql")),
            M::up(include_str!("migrations/0006.sql")),
        ]
    },
};

pub(super) const BUSY: BusyPolicy = BusyPolicy::Handler(wait_while_busy);

/// Number of retries while another program holds the file, and the interval between them: three seconds in all, as
/// WeCom gives a callback five. SQLite's own interval grows to a tenth of a second, which misses the gaps of a
/// program with many short transactions.
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
pub(in crate::wecom) fn open(path: &Path) -> Result<Connection, WecomStoreError> {
    let open = || -> Result<Connection, SqliteFault> {
        create(path).map_err(|_| SqliteFault::CannotOpen)?;
        let mut conn = sqlite::open_for_writing(path, OpenFlags::empty(), BUSY, FORMAT)?;
        conn.pragma_update(None, "cache_size", CACHE_SIZE)?;
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        // In WAL mode only FULL waits for the disk at every commit; an acknowledged event survives a power cut.
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE_CAPACITY);
        FORMAT.migrate(&mut conn)?;
        write_dictionary(&mut conn)?;
        Ok(conn)
    };
    open().map_err(|fault| WecomStoreError::sqlite(path, fault))
}

/// Opens the file for reading.
///
/// # Errors
/// [`WecomStoreError::NotFound`] if there is none; as for writing.
pub(in crate::wecom) fn open_existing(path: &Path) -> Result<Connection, WecomStoreError> {
    sqlite::open_for_reading(path, BUSY, FORMAT)
        .map_err(|fault| WecomStoreError::sqlite(path, fault))
}

/// Creates the folder and an empty file, if they are not there, readable by their owner only: the events name
/// people. SQLite gives its log the permissions of the file. The new names are flushed to the disk: an event is not
/// durable in a file whose name a power cut takes away.
fn create(path: &Path) -> Result<(), DiskError> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_dirs(folder)?;
    open_private_file(path)?;
    // The file's name is in its folder, the folder's name in the data folder, which may be new too.
    for folder in folder.ancestors().take(3).filter(|folder| !folder.as_os_str().is_empty()) {
        match sync_dir(folder) {
            // A folder that may be passed but not read was not created here.
            Err(error) if error.source.kind() == ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn wait_while_busy(tries: i32) -> bool {
    std::thread::sleep(BUSY_RETRY_INTERVAL);
    tries < BUSY_RETRIES
}

/// Documents the tables. Checked before the write, so that opening an up-to-date file takes no lock.
fn write_dictionary(conn: &mut Connection) -> rusqlite::Result<()> {
    if dictionary::is_current(conn)? {
        return Ok(());
    }
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    dictionary::write(&transaction)?;
    transaction.commit()
}
