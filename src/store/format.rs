//! Whose SQLite file it is, and whether this orgsnap knows its format; asked before anything is written to it.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// A file of ours that can be read and written, or one without anything in it.
    Known,
    /// A file of another program.
    Foreign,
    /// A file of a newer orgsnap.
    Newer {
        /// Its format, counted from 1.
        found: i64,
    },
}

/// Looks at a file that should have `application_id` and a format (`user_version`) of `supported` at most.
///
/// # Errors
/// Any fault of the file; that it is no database is one.
pub fn file_format(
    conn: &Connection,
    application_id: i64,
    supported: i64,
) -> rusqlite::Result<FileFormat> {
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id")?;
    let found = pragma("user_version")?;
    let objects: i64 =
        conn.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let blank = application == 0 && found == 0 && objects == 0;
    if application != application_id && !blank {
        return Ok(FileFormat::Foreign);
    }
    if found > supported {
        // Closing the last connection would fold the log of the newer program back.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Ok(FileFormat::Newer { found });
    }
    Ok(FileFormat::Known)
}
