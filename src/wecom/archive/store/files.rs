//! The files that messages name: which are wanted, and what became of them.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use crate::wecom::archive::message::as_text;

/// A file that is not fetched yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::wecom::archive) struct WantedFile {
    /// Its row.
    pub(in crate::wecom::archive) id: i64,
    /// WeCom's id.
    pub(in crate::wecom::archive) file_id: String,
    /// The extension of its name; may be empty.
    pub(in crate::wecom::archive) extension: String,
    /// MD5 of its content, if the message says it.
    pub(in crate::wecom::archive) md5: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::wecom::archive) enum FileState {
    /// It is in the folder of files, under this name, with so many bytes.
    Stored(String, u64),
    /// It failed this time, with the code of the library if there is one.
    Again(Option<i32>),
    /// WeCom could not be reached for it; that is no attempt, as the file is kept there for days.
    Unreachable(i32),
    /// It can no longer be fetched.
    Lost(i32),
}

/// After so many attempts a file is given up.
const ATTEMPTS: u32 = 5;

/// Files to fetch, after a row.
pub(super) fn wanted(
    conn: &Connection,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<WantedFile>> {
    let mut statement = conn.prepare_cached(
        "select id, file_id, extension, md5 from media where state = 'wanted' and id > ?1 order by id limit ?2",
    )?;
    let rows = statement.query_map(params![after, limit], |row| {
        Ok(WantedFile {
            id: row.get(0)?,
            file_id: row.get(1)?,
            extension: row.get(2)?,
            md5: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// Writes down what became of a file.
pub(super) fn set(
    conn: &Connection,
    id: i64,
    state: &FileState,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    match state {
        FileState::Stored(file, size) => conn.execute(
            "update media set state = 'stored', file = ?2, size = ?3, code = null, attempts = attempts + 1, \
             fetched_at = ?4 where id = ?1",
            params![id, file, i64::try_from(*size).unwrap_or(i64::MAX), as_text(now)],
        ),
        FileState::Again(code) => conn.execute(
            "update media set state = iif(attempts + 1 < ?3, 'wanted', 'failed'), code = ?2, attempts = attempts + 1 \
             where id = ?1",
            params![id, code, ATTEMPTS],
        ),
        FileState::Unreachable(code) => {
            conn.execute("update media set code = ?2 where id = ?1", params![id, code])
        }
        FileState::Lost(code) => conn.execute(
            "update media set state = 'lost', code = ?2, attempts = attempts + 1 where id = ?1",
            params![id, code],
        ),
    }?;
    Ok(())
}
