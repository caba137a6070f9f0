//! The online backup of `org.db`.

use std::path::Path;

use crate::sqlite::{self, BusyPolicy};
use crate::store::error::StoreError;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::connection::{self, BUSY_TIMEOUT};
use crate::store::sqlite::reader::Reader;

/// Copies the database at `path` into the empty file at `target`, and checks the copy; an import may run meanwhile.
/// Returns the newest snapshot in the copy. `progress` is told how many of how many pages are copied.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no database; any fault of either file. The copy is then not whole.
pub fn backup(
    path: &Path,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<SnapshotInfo>, StoreError> {
    let of_source = |error: rusqlite::Error| StoreError::sqlite(path, error);
    let source = connection::open_existing(path, BUSY_TIMEOUT)?;
    let moment = source.unchecked_transaction().map_err(of_source)?;
    // The transaction begins with the first thing that is read.
    moment
        .query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(of_source)?;
    sqlite::backup(&source, target, BusyPolicy::Timeout(BUSY_TIMEOUT), progress)
        .map_err(|fault| StoreError::sqlite(target, fault))?;
    drop(moment);
    Reader::open_existing(target)?.latest()
}
