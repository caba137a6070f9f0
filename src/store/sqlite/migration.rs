//! Brings a database of an earlier format to the newest one when it is opened for writing.
//!
//! All steps are one transaction: whatever happens, the file has its earlier format or the newest one. A copy of it is kept
//! beside it, for those who want to go back to an earlier version of the program.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::{fs, io, panic, thread};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::config::schema::Schema;
use crate::disk::{create_private_file, free_bytes, sync_dir};
use crate::model::MigrationStep;
use crate::sqlite::SqliteFault;
use crate::store::error::StoreError;
use crate::store::sqlite::backup::backup;
use crate::store::sqlite::format::{FORMAT, steps};
use crate::store::sqlite::rebuild::rebuild;

/// How a database of an earlier format is brought to the newest one.
#[derive(Clone, Copy)]
pub struct Migration<'a> {
    /// Whether a copy of it is kept beside it.
    pub backup: bool,
    /// Is told what is being done.
    pub told: &'a dyn Fn(MigrationStep),
}

impl Default for Migration<'_> {
    fn default() -> Self {
        Migration { backup: true, told: &|_| {} }
    }
}

/// The name of the copy of a database of an earlier format.
pub fn backup_name(format: i64) -> String {
    format!("org-format{format}.db")
}

/// Takes the missing steps. Returns whether the database had an earlier format, so that it lacks what follows from its
/// rows: the caller makes it, now or whenever the file is opened next.
pub(super) fn migrate(
    conn: &mut Connection,
    path: &Path,
    schema: &Schema,
    migration: Migration<'_>,
) -> Result<bool, StoreError> {
    let of_file = |fault: SqliteFault| StoreError::sqlite(path, fault);
    let found = FORMAT.found(conn).map_err(of_file)?;
    if found >= FORMAT.supported() {
        return Ok(false);
    }
    // A file that was only just created has nothing to be kept.
    if found > 0 {
        tracing::info!(path = %path.display(), format = found, "a database of an earlier format is migrated");
        let size = size(path);
        let free = path.parent().and_then(|folder| free_bytes(folder).ok());
        check_room(path, size, free, migration.backup)?;
        if migration.backup {
            keep_copy(path, found, migration.told)?;
        }
    }
    // Renaming a table must not follow its name into views that people have made.
    let legacy = DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE;
    let mut take = || -> Result<(), SqliteFault> {
        conn.set_db_config(legacy, true)?;
        take_steps(conn, schema, migration.told)?;
        conn.set_db_config(legacy, false)?;
        Ok(())
    };
    take().map_err(of_file)?;
    Ok(found > 0)
}

/// A step is owned by the migration, so what it tells comes through a channel.
fn take_steps(
    conn: &mut Connection,
    schema: &Schema,
    told: &dyn Fn(MigrationStep),
) -> Result<(), SqliteFault> {
    let (sender, steps_taken) = mpsc::channel();
    let schema = schema.clone();
    let steps = steps(move |transaction: &rusqlite::Transaction<'_>| {
        // Nobody listens only if the migration is over.
        let told = |step| _ = sender.send(step);
        Ok(rebuild(transaction, &schema, &told)?)
    });
    thread::scope(|scope| {
        let work = scope.spawn(move || FORMAT.migrate_by(conn, steps));
        steps_taken.iter().for_each(told);
        work.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

/// Bytes of the database and of its log.
fn size(path: &Path) -> u64 {
    let log = PathBuf::from(format!("{}-wal", path.display()));
    [path, &log].iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum()
}

/// The new tables are written beside the old ones, first into the log.
fn room_needed(size: u64, backup: bool) -> u64 {
    size.saturating_mul(if backup { 3 } else { 2 })
}

fn check_room(path: &Path, size: u64, free: Option<u64>, backup: bool) -> Result<(), StoreError> {
    let needed = room_needed(size, backup);
    match free {
        Some(free) if free < needed => Err(StoreError::NoRoomToMigrate {
            path: path.to_path_buf(),
            size,
            needed,
            free,
            backup,
        }),
        // Where it cannot be told, a full disk ends the transaction.
        _ => Ok(()),
    }
}

fn keep_copy(path: &Path, format: i64, told: &dyn Fn(MigrationStep)) -> Result<(), StoreError> {
    let copy = path.with_file_name(backup_name(format));
    let part = copy.with_extension("db.part");
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::StorageFull => StoreError::Full { path: copy.clone() },
        _ => StoreError::CannotOpen { path: copy.clone() },
    };
    // What an interrupted migration has left of a copy is none.
    if part.exists() {
        fs::remove_file(&part).map_err(|error| failed(&error))?;
    }
    create_private_file(&part).map_err(|error| failed(&error.source))?;
    told(MigrationStep::Backup { percent: 0 });
    let mut last = Some(0);
    backup(path, &part, &mut |done, all| {
        let percent = u8::try_from(done * 100 / all.max(1)).unwrap_or(100);
        if last.replace(percent) != Some(percent) {
            told(MigrationStep::Backup { percent });
        }
    })?;
    let named = fs::File::open(&part)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&part, &copy));
    named.map_err(|error| failed(&error))?;
    let folder = copy.parent().unwrap_or(Path::new("."));
    sync_dir(folder).map_err(|error| failed(&error.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_needed_for_the_new_tables_their_log_and_the_copy() {
        let path = Path::new("data/1/org.db");
        for (free, backup, enough) in
            [(20, false, true), (19, false, false), (29, true, false), (30, true, true)]
        {
            let checked = check_room(path, 10, Some(free), backup);
            assert_eq!(checked.is_ok(), enough, "{free} {backup}");
        }
        let error = check_room(path, 10, Some(29), true).unwrap_err().to_string();
        assert!(
            error.contains("30 bytes have to be free") && error.contains("--no-backup"),
            "{error}"
        );
        assert!(check_room(path, 10, None, true).is_ok());
    }
}
