//! `data/<tenant>/alerts.json`: the open conditions, and the alerts still to be sent by channel.
//!
//! The file is authoritative. A change reads it again under a lock, so that a scheduler and an import by
//! hand do not undo each other's work; it is replaced whole, so that neither a kill nor a power cut forgets an
//! alert or raises it twice. Only where it cannot be written, as on a full disk, which is worth an alert itself,
//! its content is kept in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::disk::{VersionedJson, VersionedJsonError, create_private_dirs, open_private_file};
use crate::model::{Message, system_reason};

use super::AlertKind;
use super::document::Alert;
use super::open_conditions::{OpenCondition, OpenConditions};

/// Name of the ledger within a tenant's folder.
pub const FILE_NAME: &str = "alerts.json";

/// The version of the file.
const VERSION: u32 = 1;
/// Capacity of the outbox; the oldest alerts are dropped beyond it.
const MAX_OUTBOX: usize = 200;
/// Number of ids of sent alerts that are kept as evidence.
const MAX_SENT: usize = 200;
/// Older alerts are dropped.
const MAX_AGE: TimeDelta = TimeDelta::hours(48);

/// The ledger of one tenant. Clones share what could not be written.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    unwritten: Arc<Mutex<Option<LedgerContent>>>,
}

/// The content of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerContent {
    /// Conditions that were alerted and are not over.
    pub conditions: OpenConditions,
    /// Alerts to be sent, oldest first.
    pub outbox: Vec<OutboxEntry>,
    /// Alerts that were sent, oldest first; at most 200.
    pub sent: Vec<Sent>,
}

/// An alert to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The alert.
    pub alert: Alert,
    /// Names of the channels that have not had it yet; not empty.
    pub to: Vec<String>,
}

/// An alert that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Name of the channel.
    pub to: String,
}

/// A ledger that cannot be used. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A newer orgsnap wrote the file.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

impl LedgerError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            LedgerError::Disk { path, source } => {
                let (path, Message { zh, en }) = (path.display(), system_reason(source));
                Message::new(
                    format!("无法在 {path} 中记录告警：{zh}；请检查数据目录的权限和剩余空间"),
                    format!(
                        "cannot keep the alerts in {path}: {en}; check the data folder's permissions \
                         and free space"
                    ),
                )
            }
            LedgerError::Newer { path, found } => Message::new(
                format!(
                    "{} 由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {VERSION}）；请升级 orgsnap",
                    path.display()
                ),
                format!(
                    "{} was written by a newer orgsnap (format {found}, known up to {VERSION}); \
                     upgrade orgsnap",
                    path.display()
                ),
            ),
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

/// The right to send a tenant's alerts, which one process at a time has.
#[derive(Debug)]
pub(super) struct SendLock {
    lock: Option<File>,
}

impl Drop for SendLock {
    /// Unlocks explicitly: a child process that is just being started may still share the file.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.lock.as_ref().map(File::unlock) {
            tracing::debug!(
                "the lock of the alerts could not be released, closing the file does: {error}"
            );
        }
    }
}

impl Ledger {
    /// The ledger of a tenant. Nothing is opened yet.
    pub fn of(data: &Path, tenant: &str) -> Ledger {
        Ledger { folder: data.join(tenant), unwritten: Arc::default() }
    }

    /// Its content; empty if there is no file yet.
    ///
    /// # Errors
    /// If it cannot be read, or a newer orgsnap wrote it.
    pub fn read(&self) -> Result<LedgerContent, LedgerError> {
        match self.unwritten().clone() {
            Some(content) => Ok(content),
            None => self.read_file(),
        }
    }

    /// Changes its content. Waits for other processes, which hold the file for moments only. What cannot
    /// be written is kept in memory and written with the next change.
    ///
    /// # Errors
    /// [`LedgerError::Newer`]; the file stands as before then.
    pub(super) fn update<T>(
        &self,
        change: impl FnOnce(&mut LedgerContent) -> T,
    ) -> Result<T, LedgerError> {
        let mut unwritten = self.unwritten();
        let lock = self.lock_file("alerts.lock").and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        let on_disk = match self.read_file() {
            Err(error @ LedgerError::Newer { .. }) => return Err(error),
            Err(LedgerError::Disk { .. }) => None,
            Ok(content) => Some(content),
        };
        let mut content = unwritten.clone().or_else(|| on_disk.clone()).unwrap_or_default();
        let outcome = change(&mut content);
        if on_disk.as_ref() == Some(&content) {
            *unwritten = None;
            return Ok(outcome);
        }
        let written = lock.and_then(|_lock| self.file().replace(&Document::of(&content)));
        *unwritten = match written {
            Ok(()) => None,
            Err(source) => {
                tracing::warn!("{}", LedgerError::Disk { path: self.path(), source });
                Some(content)
            }
        };
        Ok(outcome)
    }

    /// Takes the right to send; none if another process has it.
    pub(super) fn try_lock_sending(&self) -> Option<SendLock> {
        match self.lock_file("alerts.sending") {
            Ok(file) => match file.try_lock() {
                Err(TryLockError::WouldBlock) => None,
                Ok(()) | Err(TryLockError::Error(_)) => Some(SendLock { lock: Some(file) }),
            },
            // A disk that takes no lock must not prevent alerts.
            Err(_) => Some(SendLock { lock: None }),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<LedgerContent>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> VersionedJson {
        VersionedJson {
            path: self.path(),
            version_key: "version",
            supported: VERSION,
            final_newline: false,
        }
    }

    fn read_file(&self) -> Result<LedgerContent, LedgerError> {
        let path = self.path();
        let read = match self.file().read::<Document>() {
            Ok(None) => return Ok(LedgerContent::default()),
            Ok(Some(document)) => document.content(),
            Err(VersionedJsonError::Disk(source)) => {
                return Err(LedgerError::Disk { path, source });
            }
            Err(VersionedJsonError::Newer { found }) => {
                return Err(LedgerError::Newer { path, found });
            }
            Err(VersionedJsonError::Damaged { .. }) => None,
        };
        if read.is_none() {
            // To alert once too often is better than never again.
            tracing::warn!(file = %path.display(), "the ledger of alerts is damaged; it is begun anew");
        }
        Ok(read.unwrap_or_default())
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        create_private_dirs(&self.folder)?;
        // The file is never removed: two processes could then lock two files of the same name.
        Ok(open_private_file(&self.folder.join(name))?)
    }
}

impl LedgerContent {
    /// Number of alerts to be sent, an alert counted once a channel.
    pub fn unsent(&self) -> u64 {
        self.outbox.iter().map(|entry| entry.to.len() as u64).sum()
    }

    /// Puts an alert into the outbox.
    pub(super) fn post(&mut self, entry: OutboxEntry) {
        self.outbox.push(entry);
        while self.outbox.len() > MAX_OUTBOX {
            let entry = self.outbox.remove(0);
            tracing::warn!(alert = %entry.alert.id, "too many alerts wait; the oldest is given up");
        }
    }

    /// Notes that a channel has had an alert.
    pub(super) fn deliver(&mut self, id: &str, channel: &str) {
        for entry in &mut self.outbox {
            if entry.alert.id == id {
                entry.to.retain(|to| to != channel);
            }
        }
        self.outbox.retain(|entry| !entry.to.is_empty());
        self.sent.push(Sent { id: id.to_owned(), to: channel.to_owned() });
        let surplus = self.sent.len().saturating_sub(MAX_SENT);
        self.sent.drain(..surplus);
    }

    /// Gives up what is too old, and what was for channels that are gone.
    pub(super) fn tidy(&mut self, channels: &BTreeSet<&str>, now: DateTime<Utc>) {
        for entry in &mut self.outbox {
            let id = &entry.alert.id;
            let made: Option<DateTime<Utc>> = entry.alert.at.parse().ok();
            let old = made.is_none_or(|made| now - made > MAX_AGE);
            entry.to.retain(|to| {
                let keep = !old && channels.contains(to.as_str());
                if !keep {
                    let why = if old { "it is too old" } else { "its channel is gone" };
                    tracing::warn!(alert = %id, channel = %to, "an alert is given up: {why}");
                }
                keep
            });
        }
        self.outbox.retain(|entry| !entry.to.is_empty());
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    #[serde(rename = "troubles")]
    conditions: BTreeMap<String, Vec<ConditionDocument>>,
    job_file: Option<String>,
    #[serde(default)]
    members: Option<String>,
    #[serde(default)]
    session_archive: Option<String>,
    #[serde(default)]
    undecrypted: Option<String>,
    outbox: Vec<OutboxEntry>,
    sent: Vec<Sent>,
}

#[derive(Serialize, Deserialize)]
struct ConditionDocument {
    kind: String,
    why: String,
}

impl Document {
    fn of(content: &LedgerContent) -> Document {
        let recorded = |condition: &OpenCondition| ConditionDocument {
            kind: condition.kind.name().to_owned(),
            why: condition.why.clone(),
        };
        let dates = content.conditions.dates.iter();
        Document {
            version: VERSION,
            conditions: dates
                .map(|(date, set)| (date.to_string(), set.iter().map(recorded).collect()))
                .collect(),
            job_file: content.conditions.job_file.clone(),
            members: content.conditions.members.clone(),
            session_archive: content.conditions.session_archive.clone(),
            undecrypted: content.conditions.undecrypted.clone(),
            outbox: content.outbox.clone(),
            sent: content.sent.clone(),
        }
    }

    /// What it says; none if it makes no sense.
    fn content(self) -> Option<LedgerContent> {
        let recorded = |recorded: ConditionDocument| {
            Some(OpenCondition { kind: AlertKind::from_name(&recorded.kind)?, why: recorded.why })
        };
        let mut dates = BTreeMap::new();
        for (date, set) in self.conditions {
            let date: NaiveDate = date.parse().ok()?;
            dates.insert(
                date,
                set.into_iter().map(recorded).collect::<Option<BTreeSet<OpenCondition>>>()?,
            );
        }
        let conditions = OpenConditions {
            dates,
            job_file: self.job_file,
            members: self.members,
            session_archive: self.session_archive,
            undecrypted: self.undecrypted,
        };
        Some(LedgerContent { conditions, outbox: self.outbox, sent: self.sent })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn ledger_files_are_readable_by_their_owner_only() {
        let data = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(data.path(), "t");
        ledger.update(|content| content.conditions.job_file = Some("x".to_owned())).unwrap();
        let folder = data.path().join("t");
        for (path, mode) in [(folder.join(FILE_NAME), 0o600), (folder, 0o700)] {
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{}", path.display());
        }
    }

    #[test]
    fn a_full_disk_is_reported_in_both_languages() {
        let path = PathBuf::from("alerts.json");
        let error = LedgerError::Disk { path, source: io::ErrorKind::StorageFull.into() };
        let Message { zh, en } = error.message();
        assert!(zh.contains("磁盘已满") && !zh.contains("full"), "{zh}");
        assert!(en.contains("the disk is full"), "{en}");
    }
}
