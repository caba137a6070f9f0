//! `session.db` open for writing, by one pull at a time.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::again;
use super::batch::{self, Batch, Stored};
use super::connection::{self, DATABASE};
use super::error::SessionStoreError;
use super::files::{self, FileState, WantedFile};
use crate::wecom::archive::message::as_text;
use crate::wecom::archive::summary::Gap;

/// The database of a tenant.
#[derive(Debug)]
pub struct SessionStore {
    path: PathBuf,
    conn: Connection,
}

/// How far messages are pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wecom::archive) struct Progress {
    /// The number to go on from.
    pub(in crate::wecom::archive) last_seq: i64,
    /// Messages before this moment are pulled; none before the first pull.
    pub(in crate::wecom::archive) covered_until: Option<DateTime<Utc>>,
}

impl SessionStore {
    /// Opens the database of the tenant whose folder is given, and creates it if it is not there.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn open(tenant_dir: &Path) -> Result<SessionStore, SessionStoreError> {
        let path = tenant_dir.join(DATABASE);
        let conn = connection::open(&path)?;
        Ok(SessionStore { path, conn })
    }

    /// Opens a database that is there, for reading.
    ///
    /// # Errors
    /// If there is none; any fault of the file.
    pub fn open_existing(tenant_dir: &Path) -> Result<SessionStore, SessionStoreError> {
        let path = tenant_dir.join(DATABASE);
        let conn = connection::open_existing(&path)?;
        Ok(SessionStore { path, conn })
    }

    /// How many messages are stored, by version of their key, and how many are not decrypted.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn messages_by_key(&self) -> Result<Vec<(Option<u32>, u64, u64)>, SessionStoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare(
                "select key_version, sum(decrypted), sum(not decrypted) from \
                 (select key_version, 1 as decrypted from message \
                  union all select key_version, 0 from undecrypted) group by 1 order by 1",
            )?;
            let count = |row: &rusqlite::Row<'_>, at| {
                row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or_default())
            };
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, count(row, 1)?, count(row, 2)?)))?;
            rows.collect()
        })
    }

    pub(in crate::wecom::archive) fn progress(&self) -> Result<Progress, SessionStoreError> {
        self.read(|conn| {
            conn.query_row("select last_seq, covered_until from archive_state", [], |row| {
                let covered: Option<String> = row.get(1)?;
                let covered = covered.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
                Ok(Progress {
                    last_seq: row.get(0)?,
                    covered_until: covered.map(|moment| moment.to_utc()),
                })
            })
        })
    }

    /// Stores what an answer brought, and with it the number to go on from and the gap before it, if there is one.
    pub(in crate::wecom::archive) fn append(
        &mut self,
        batch: &Batch,
        progress: Progress,
        gap: Option<&Gap>,
        now: DateTime<Utc>,
    ) -> Result<Stored, SessionStoreError> {
        self.write(|conn| {
            if let Some(gap) = gap {
                conn.execute(
                    "insert into gap (told_at, missing_from, missing_to, seq_before, seq_after) \
                     values (?1, ?2, ?3, ?4, ?5)",
                    params![
                        as_text(now),
                        as_text(gap.from),
                        as_text(gap.to),
                        gap.seq_before,
                        gap.seq_after
                    ],
                )?;
            }
            let stored = batch::insert(conn, batch, now)?;
            conn.execute(
                "update archive_state set last_seq = max(last_seq, ?1), covered_until = ?2",
                params![progress.last_seq, progress.covered_until.map(as_text)],
            )?;
            Ok(stored)
        })
    }

    /// The ids of all messages that waited for a key of one of these versions.
    pub(in crate::wecom::archive) fn waiting_for_key(
        &self,
        versions: &[u32],
    ) -> Result<Vec<String>, SessionStoreError> {
        self.read(|conn| again::waiting_for_key(conn, versions))
    }

    /// The ids of messages up to a number that were not decrypted with a key of one of these versions; those that were
    /// tried least come first.
    pub(in crate::wecom::archive) fn failed_before(
        &self,
        versions: &[u32],
        up_to: i64,
        limit: u32,
    ) -> Result<Vec<String>, SessionStoreError> {
        self.read(|conn| again::failed_before(conn, versions, up_to, limit))
    }

    /// WeCom's JSON of messages that were not decrypted.
    pub(in crate::wecom::archive) fn undecrypted(
        &self,
        msgids: &[String],
    ) -> Result<Vec<String>, SessionStoreError> {
        self.read(|conn| again::items(conn, msgids))
    }

    /// Writes down that messages of all other versions wait for their key, whatever kept them before.
    pub(in crate::wecom::archive) fn set_without_key(
        &mut self,
        versions: &[u32],
    ) -> Result<(), SessionStoreError> {
        self.write(|conn| again::set_without_key(conn, versions))
    }

    /// Writes down that messages whose key is there no longer wait for it but for the library.
    pub(in crate::wecom::archive) fn set_waiting_for_reader(
        &mut self,
        versions: &[u32],
    ) -> Result<(), SessionStoreError> {
        self.write(|conn| again::set_waiting_for_reader(conn, versions))
    }

    /// How many messages are not decrypted, by reason, code and version of their key, and how many of them came after a
    /// number. Those that lack a key come first.
    pub(in crate::wecom::archive) fn undecrypted_by_reason(
        &self,
        after: i64,
    ) -> Result<Vec<UndecryptedCount>, SessionStoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare(
                "select reason, code, key_version, count(*), sum(seq > ?1) from undecrypted group by 1, 2, 3 \
                 order by reason not in ('no_key', 'other_key'), 1, 2, 3",
            )?;
            let count = |row: &rusqlite::Row<'_>, at| {
                row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or_default())
            };
            let rows = statement.query_map([after], |row| {
                Ok(UndecryptedCount {
                    reason: row.get(0)?,
                    code: row.get(1)?,
                    key_version: row.get(2)?,
                    count: count(row, 3)?,
                    new: count(row, 4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Replaces messages that could be decrypted after all.
    pub(in crate::wecom::archive) fn replace(
        &mut self,
        batch: &Batch,
    ) -> Result<Stored, SessionStoreError> {
        self.write(|conn| batch::replace(conn, batch))
    }

    /// Files that are not fetched yet, after a row.
    pub(in crate::wecom::archive) fn wanted_files(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<WantedFile>, SessionStoreError> {
        self.read(|conn| files::wanted(conn, after, limit))
    }

    /// Writes down what became of a file.
    pub(in crate::wecom::archive) fn set_file(
        &mut self,
        id: i64,
        state: &FileState,
        now: DateTime<Utc>,
    ) -> Result<(), SessionStoreError> {
        self.write(|conn| files::set(conn, id, state, now))
    }

    /// Removes messages that were sent (or pulled, where that is unknown or says that they were sent later) before a
    /// moment, and forgets their files.
    /// Returns how many, and the names of files that no message needs any longer.
    pub(in crate::wecom::archive) fn remove_before(
        &mut self,
        moment: DateTime<Utc>,
    ) -> Result<(u64, Vec<String>), SessionStoreError> {
        let before = as_text(moment);
        // A year of more than four digits begins with a sign, and would sort before all others.
        let is_old = "((sent_at >= '0' and sent_at < ?1) or pulled_at < ?1)";
        let removed = self.write(|conn| {
            let messages =
                conn.execute(&format!("delete from message where {is_old}"), [&before])?;
            let undecrypted =
                conn.execute("delete from undecrypted where pulled_at < ?1", [&before])?;
            let other =
                conn.execute(&format!("delete from message_again where {is_old}"), [&before])?;
            let mut statement = conn.prepare(
                "delete from media where not exists (select 1 from message m where m.msgid = media.msgid) \
                 returning file",
            )?;
            let files: Vec<Option<String>> =
                statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            let mut unneeded = Vec::new();
            for file in files.into_iter().flatten() {
                let needed: Option<i64> = conn
                    .query_row("select 1 from media where file = ?1", [&file], |row| row.get(0))
                    .optional()?;
                if needed.is_none() {
                    unneeded.push(file);
                }
            }
            Ok(((messages + undecrypted + other) as u64, unneeded))
        })?;
        if removed.0 > 0 {
            self.read(|conn| {
                // The statement gives a row for each page that it frees.
                let mut statement = conn.prepare("pragma incremental_vacuum")?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            })?;
        }
        Ok(removed)
    }

    /// Folds the log back, so that removed texts are not left in it.
    pub(in crate::wecom::archive) fn fold_log(&self) -> Result<(), SessionStoreError> {
        self.read(|conn| conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())))
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SessionStoreError> {
        read(&self.conn).map_err(|error| SessionStoreError::at(&self.path, error))
    }

    fn write<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SessionStoreError> {
        let written = || {
            let transaction =
                self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = write(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        written().map_err(|error: rusqlite::Error| SessionStoreError::at(&self.path, error))
    }
}

/// Messages that are not decrypted for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::wecom::archive) struct UndecryptedCount {
    /// As the column holds it.
    pub(in crate::wecom::archive) reason: String,
    /// The library's code.
    pub(in crate::wecom::archive) code: Option<i32>,
    /// Version of their key.
    pub(in crate::wecom::archive) key_version: Option<u32>,
    /// How many.
    pub(in crate::wecom::archive) count: u64,
    /// How many of them came after the number that was asked with.
    pub(in crate::wecom::archive) new: u64,
}
