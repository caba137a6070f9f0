//! Opening `session.db`.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::M;

use super::dictionary;
use super::error::SessionStoreError;
use crate::disk::{close_to_others, create_private_dirs, open_private_file};
use crate::sqlite::{self, BusyPolicy, FileFormat, SqliteFault};

/// Name of the database in a tenant's folder.
pub const DATABASE: &str = "session.db";

/// The format of `session.db`; the application id is "orws".
const FORMAT: FileFormat = FileFormat {
    application_id: 0x6f72_7773,
    migrations: || {
        vec![M::up(include_str!("migrations/0001.sql")), M::up(include_str!("migrations/0002.sql"))]
    },
};

/// Only one pull writes; others read.
const BUSY: BusyPolicy = BusyPolicy::Timeout(Duration::from_secs(10));

/// Opens the file for writing, creates it (and its folder) for the owner only if it is not there, and brings it to the
/// newest format.
pub(super) fn open(path: &Path) -> Result<Connection, SessionStoreError> {
    let open = || -> Result<Connection, SqliteFault> {
        create_private_dirs(path.parent().unwrap_or(Path::new(".")))
            .map_err(|_| SqliteFault::CannotOpen)?;
        open_private_file(path).map_err(|_| SqliteFault::CannotOpen)?;
        close_to_others(path).map_err(|_| SqliteFault::CannotOpen)?;
        let mut conn = sqlite::open_for_writing(path, OpenFlags::empty(), BUSY, FORMAT)?;
        // What `keep` removes is to be gone from the file. Both settings must come before the first table.
        conn.pragma_update(None, "auto_vacuum", "incremental")?;
        conn.pragma_update(None, "secure_delete", "on")?;
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        // The number to go on from must not outlive the messages before it.
        conn.pragma_update(None, "synchronous", "FULL")?;
        FORMAT.migrate(&mut conn)?;
        if !dictionary::is_current(&conn)? {
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            dictionary::write(&transaction)?;
            transaction.commit()?;
        }
        Ok(conn)
    };
    open().map_err(|fault| SessionStoreError::at(path, fault))
}

/// Copies the database at `path` into the empty file at `target`, and checks the copy; a pull may run meanwhile.
/// `progress` is told how many of how many pages are copied.
///
/// # Errors
/// If there is no database; any fault of either file. The copy is then not whole.
pub fn backup(
    path: &Path,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), SessionStoreError> {
    let of_source = |error: rusqlite::Error| SessionStoreError::at(path, error);
    let source = open_existing(path)?;
    let moment = source.unchecked_transaction().map_err(of_source)?;
    // The transaction begins with the first thing that is read.
    moment
        .query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(of_source)?;
    sqlite::backup(&source, target, BUSY, progress)
        .map_err(|fault| SessionStoreError::at(target, fault))
}

/// Opens the file for reading.
pub(super) fn open_existing(path: &Path) -> Result<Connection, SessionStoreError> {
    sqlite::open_for_reading(path, BUSY, FORMAT).map_err(|fault| SessionStoreError::at(path, fault))
}
