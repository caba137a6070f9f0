//! The journal of the archive: which archived deliveries were published, approved, taken back and removed, in which order.
//!
//! `<tenant's folder>/archive/journal.jsonl` has one JSON object a line and only grows. Without it the archive would not
//! say which of its deliveries count once the database is lost: a refused delivery is archived as well.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::disk::{DiskError, create_private_dirs, open_private_file, sync_dir};
use crate::model::{Message, RunId, json_reason};

use super::ArchiveError;

/// The name of the journal, in the archive's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// Something that happened to an archived delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// What.
    pub what: JournalEvent,
    /// The delivery's business date.
    pub date: NaiveDate,
    /// Its run.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalEvent {
    /// It was published.
    Published,
    /// It was published by an approval.
    Approved {
        /// The run that had refused the same files.
        refused: RunId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When; an entry of an earlier version does not say it.
        approved: Option<DateTime<Utc>>,
        /// The limits that were broken, as the database records them; an entry of an earlier version does not say them.
        waived: Option<Value>,
    },
    /// Its date was taken back.
    Retracted {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Its files were removed, because the job keeps the archive for some time only.
    Removed,
}

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    event: String,
    business_date: String,
    run: String,
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waived: Option<Value>,
}

/// The journal of a tenant.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// That of the tenant's folder. Nothing is opened.
    pub fn of(tenant_dir: &Path) -> Journal {
        Journal { path: tenant_dir.join("archive").join(JOURNAL) }
    }

    /// All entries in order; `None` if there is no journal, as in an archive of an earlier version. A last line that was not
    /// written to its end is none.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is none of this program.
    pub fn read(&self) -> Result<Option<Vec<JournalEntry>>, ArchiveError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ArchiveError::Unreadable { path: self.path.clone(), source });
            }
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = text[..whole].split(|byte| *byte == b'\n').enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty());
        lines.map(|(at, line)| self.entry(at + 1, line)).collect::<Result<_, _>>().map(Some)
    }

    /// Adds entries, on disk for good when this returns. The caller holds the tenant's lock.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn append(&self, entries: &[JournalEntry]) -> Result<(), DiskError> {
        if entries.is_empty() {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        create_private_dirs(folder)?;
        let is_new = !self.path.exists();
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, &Line::of(entry))
                .map_err(|error| DiskError { path: self.path.clone(), source: error.into() })?;
            text.push(b'\n');
        }
        let mut file = open_private_file(&self.path)?;
        let add = |file: &mut File| -> io::Result<()> {
            let end = end_of_last_line(file)?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            file.write_all(&text)?;
            file.sync_all()
        };
        add(&mut file).map_err(DiskError::at(&self.path))?;
        match is_new {
            true => sync_dir(folder),
            false => Ok(()),
        }
    }

    fn entry(&self, number: usize, line: &[u8]) -> Result<JournalEntry, ArchiveError> {
        let wrong = |what| ArchiveError::Journal { path: self.path.clone(), line: number, what };
        let line: Line = serde_json::from_slice(line).map_err(|error| {
            let Message { zh, en } = json_reason(&error);
            wrong(Message::new(format!("无法解析：{zh}"), format!("it cannot be parsed: {en}")))
        })?;
        let unknown = || {
            wrong(Message::fixed(
                "内容不完整，或由更高版本的 orgsnap 写入（此时请升级）",
                "it is not complete, or a newer orgsnap wrote it (then use that)",
            ))
        };
        line.entry().ok_or_else(unknown)
    }
}

/// Where the last whole line of the file ends: a killed program may have left a part of one.
fn end_of_last_line(file: &mut File) -> io::Result<u64> {
    /// Bytes that are read at once, from the end.
    const BLOCK: u64 = 4_096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        io::Read::take(&mut *file, end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// An instant as the journal holds it: UTC, to the millisecond.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Line {
    fn of(entry: &JournalEntry) -> Line {
        let (mut when, mut limits) = (None, None);
        let (event, refused, by, reason) = match &entry.what {
            JournalEvent::Published => ("published", None, None, None),
            JournalEvent::Approved { refused, by, reason, approved, waived } => {
                (when, limits) = (approved.map(instant), waived.clone());
                ("published", Some(refused.0.clone()), Some(by), Some(reason))
            }
            JournalEvent::Retracted { by, reason } => ("retracted", None, Some(by), Some(reason)),
            JournalEvent::Removed => ("removed", None, None, None),
        };
        Line {
            event: event.to_owned(),
            business_date: entry.date.to_string(),
            run: entry.run.0.clone(),
            at: instant(entry.at),
            refused,
            by: by.cloned(),
            reason: reason.cloned(),
            approved: when,
            waived: limits,
        }
    }

    fn entry(self) -> Option<JournalEntry> {
        let (by, reason) = (self.by.unwrap_or_default(), self.reason.unwrap_or_default());
        let what = match (self.event.as_str(), self.refused) {
            ("published", None) => JournalEvent::Published,
            ("published", Some(refused)) => {
                let approved = self.approved.map(|at| at.parse()).transpose().ok()?;
                let refused = RunId(refused);
                JournalEvent::Approved { refused, by, reason, approved, waived: self.waived }
            }
            ("retracted", _) => JournalEvent::Retracted { by, reason },
            ("removed", _) => JournalEvent::Removed,
            _ => return None,
        };
        Some(JournalEntry {
            what,
            date: self.business_date.parse().ok()?,
            run: RunId(self.run),
            at: self.at.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(what: JournalEvent, second: u32) -> JournalEntry {
        let at = format!("2024-11-22T02:30:{second:02}Z").parse().unwrap();
        let date = NaiveDate::from_ymd_opt(2024, 11, 22).unwrap();
        JournalEntry { what, date, run: RunId(format!("run-{second}")), at }
    }

    #[test]
    fn a_journal_keeps_its_entries_in_order_and_a_line_that_was_cut_off_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path());
        assert_eq!(journal.read().unwrap(), None);
        let (by, reason) = ("李".to_owned(), "核实\n无误".to_owned());
        let refused = RunId("refused".into());
        let approved = Some("2024-11-22T02:29:01.250Z".parse().unwrap());
        let waived = Some(serde_json::json!([{"limit": "vanished", "zh": "减少", "en": "gone"}]));
        let all = [
            entry(JournalEvent::Published, 1),
            entry(JournalEvent::Retracted { by: by.clone(), reason: reason.clone() }, 2),
            entry(JournalEvent::Approved { refused, by, reason, approved, waived }, 3),
            entry(JournalEvent::Removed, 4),
        ];
        journal.append(&all[..2]).unwrap();
        let path = folder.path().join("archive").join(JOURNAL);
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"event\":\"publ");
        fs::write(&path, text).unwrap();
        assert_eq!(journal.read().unwrap().unwrap(), all[..2]);
        journal.append(&all[2..]).unwrap();
        assert_eq!(journal.read().unwrap().unwrap(), all);
        fs::write(
            &path,
            "{\"event\":\"moved\",\"business_date\":\"2024-11-22\",\"run\":\"r\",\"at\":\"x\"}\n",
        )
        .unwrap();
        assert!(journal.read().unwrap_err().to_string().contains("line 1"));
    }
}
