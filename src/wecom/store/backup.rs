//! The online backup of `wecom.db`.

use std::path::Path;

use super::connection::{self, BUSY};
use super::error::WecomStoreError;
use crate::sqlite;

/// Copies the database at `path` into the empty file at `target`, and checks the copy; callbacks may arrive meanwhile.
/// `progress` is told how many of how many pages are copied.
///
/// # Errors
/// [`WecomStoreError::NotFound`] if there is no database; any fault of either file. The copy is then not whole.
pub fn backup(
    path: &Path,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), WecomStoreError> {
    let of_source = |error: rusqlite::Error| WecomStoreError::sqlite(path, error);
    let source = connection::open_existing(path)?;
    let moment = source.unchecked_transaction().map_err(of_source)?;
    // The transaction begins with the first thing that is read.
    moment
        .query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(of_source)?;
    sqlite::backup(&source, target, BUSY, progress)
        .map_err(|fault| WecomStoreError::sqlite(target, fault))
}
