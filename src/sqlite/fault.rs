//! Errors of a SQLite file, one variant for each remedy.

use rusqlite::ErrorCode;

/// A fault of a database. The stores name the file and say what to do.
#[derive(Debug)]
pub enum SqliteFault {
    /// Written by a newer orgsnap. Nothing was written to it.
    Newer {
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        supported: i64,
    },
    /// There is no file.
    NotFound,
    /// The file or its folder cannot be opened or created.
    CannotOpen,
    /// The file cannot be written.
    ReadOnly,
    /// The disk is full.
    Full,
    /// The disk fails. SQLite does not say why; a full disk is the usual cause, since SQLite then also fails to
    /// create its working files.
    Disk,
    /// Another program holds the database.
    Locked,
    /// The file is damaged.
    Corrupt,
    /// The file is not a SQLite database.
    NotADatabase,
    /// A SQLite database of another program.
    Foreign,
    /// Anything else.
    Other(rusqlite::Error),
}

impl From<rusqlite::Error> for SqliteFault {
    fn from(error: rusqlite::Error) -> SqliteFault {
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => SqliteFault::ReadOnly,
            Some(ErrorCode::DiskFull) => SqliteFault::Full,
            Some(ErrorCode::SystemIoFailure) => SqliteFault::Disk,
            Some(ErrorCode::DatabaseCorrupt) => SqliteFault::Corrupt,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqliteFault::Locked,
            Some(ErrorCode::NotADatabase) => SqliteFault::NotADatabase,
            Some(ErrorCode::CannotOpen) => SqliteFault::CannotOpen,
            _ => SqliteFault::Other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn sqlite_codes_are_classified() {
        let cases = [
            (ffi::SQLITE_READONLY_DIRECTORY, "ReadOnly"),
            (ffi::SQLITE_PERM, "ReadOnly"),
            (ffi::SQLITE_FULL, "Full"),
            (ffi::SQLITE_IOERR, "Disk"),
            (ffi::SQLITE_IOERR_SHMSIZE, "Disk"),
            (ffi::SQLITE_CORRUPT, "Corrupt"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "Locked"),
            (ffi::SQLITE_LOCKED, "Locked"),
            (ffi::SQLITE_NOTADB, "NotADatabase"),
            (ffi::SQLITE_CANTOPEN, "CannotOpen"),
            (ffi::SQLITE_RANGE, "Other"),
        ];
        for (code, name) in cases {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let fault = format!("{:?}", SqliteFault::from(error));
            assert!(fault.starts_with(name), "{code}: {fault}");
        }
    }
}
