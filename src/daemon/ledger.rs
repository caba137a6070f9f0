//! `schedule.json`: what is remembered of an insurer's schedule, so that a killed daemon neither forgets a run
//! nor doubles one.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::disk::{VersionedJson, VersionedJsonError};
use crate::model::{Message, RunId, system_reason};

use super::plan::{MissingPrecondition, Phase, ScheduleState, ScheduledRun};

/// Name of the file in a tenant's folder.
pub const FILE_NAME: &str = "schedule.json";

/// The newest format that this program knows.
const FORMAT: u32 = 1;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is remembered.
    pub state: ScheduleState,
    /// The next scheduled time, as it was when the file was written.
    pub next: Option<DateTime<Utc>>,
    /// What is wrong with the job file, if its last good version is in use.
    pub job_file: Option<Message>,
}

/// Why the file cannot be used. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be read or written.
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what this program writes.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Message,
    },
    /// A newer orgsnap wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    cron: String,
    timezone: String,
    handled: Instant,
    next: Option<Instant>,
    #[serde(rename = "errand")]
    scheduled_run: Option<ScheduledRunDocument>,
    job_file: Option<StoredMessage>,
}

#[derive(Serialize, Deserialize)]
struct ScheduledRunDocument {
    scheduled: Instant,
    business_date: Date,
    until: Instant,
    phase: PhaseName,
    due: Option<Instant>,
    attempts: u32,
    faults: u32,
    run: Option<String>,
    refused: Option<String>,
    #[serde(rename = "lack")]
    missing: Option<MissingPreconditionName>,
    message: Option<StoredMessage>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum PhaseName {
    Due,
    Running,
    Published,
    Refused,
    Failed,
    Late,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum MissingPreconditionName {
    Files,
    Source,
    Lock,
    Setup,
    Machine,
}

/// An instant as RFC 3339 in UTC.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String", into = "String")]
struct Instant(DateTime<Utc>);

impl TryFrom<String> for Instant {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Instant, chrono::ParseError> {
        text.parse().map(Instant)
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> String {
        // To the nanosecond, or what is read would not be what was written.
        instant.0.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

/// A date as `YYYY-MM-DD`.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String", into = "String")]
struct Date(NaiveDate);

impl TryFrom<String> for Date {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Date, chrono::ParseError> {
        text.parse().map(Date)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.0.to_string()
    }
}

#[derive(Serialize, Deserialize)]
struct StoredMessage {
    zh: String,
    en: String,
}

fn file(folder: &Path) -> VersionedJson {
    let path = folder.join(FILE_NAME);
    VersionedJson { path, version_key: "format", supported: FORMAT, final_newline: true }
}

/// Reads the file in a tenant's folder; none if there is none.
///
/// # Errors
/// If it cannot be read or understood.
pub fn read(folder: &Path) -> Result<Option<Entry>, LedgerError> {
    let file = file(folder);
    let document = file.read::<Document>().map_err(|error| fault(&file, error))?;
    Ok(document.map(Document::entry))
}

fn fault(file: &VersionedJson, error: VersionedJsonError) -> LedgerError {
    let path = file.path.clone();
    match error {
        VersionedJsonError::Disk(source) => LedgerError::Disk { path, source },
        VersionedJsonError::Newer { found } => LedgerError::Newer { path, found },
        VersionedJsonError::Damaged { problem } => LedgerError::Damaged { path, problem },
    }
}

/// What a store that many machines share keeps of a tenant, in place of the file.
#[cfg(feature = "postgres")]
pub(super) fn of_text(tenant: &str, text: &str) -> Result<Entry, LedgerError> {
    let file = file(Path::new(tenant));
    let document = file.parse::<Document>(text.as_bytes()).map_err(|error| fault(&file, error))?;
    Ok(document.entry())
}

/// The text that such a store keeps.
#[cfg(feature = "postgres")]
pub(super) fn to_text(entry: &Entry) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Document::of(entry))
}

/// Writes the file, whole or not at all; the folder is made if it is not there.
///
/// # Errors
/// If it cannot be written; the old one stands then.
pub fn write(folder: &Path, entry: &Entry) -> Result<(), LedgerError> {
    let file = file(folder);
    let written = file.replace(&Document::of(entry));
    written.map_err(|source| LedgerError::Disk { path: file.path, source })
}

impl LedgerError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            LedgerError::Disk { path, source } => {
                let (path, Message { zh, en }) = (path.display(), system_reason(source));
                Message::new(
                    format!("无法读写 {path}：{zh}；请检查数据目录的权限和剩余空间"),
                    format!("{path}: {en}; check the data folder's permissions and free space"),
                )
            }
            LedgerError::Damaged { path, problem } => {
                let path = path.display();
                Message::new(
                    format!("{path} 无法识别（{}）；将从当前时间起重新计算运行时间", problem.zh),
                    format!(
                        "{path} cannot be read: {}; the schedule begins anew from now",
                        problem.en
                    ),
                )
            }
            LedgerError::Newer { path, found } => {
                let path = path.display();
                Message::new(
                    format!(
                        "{path} 由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {FORMAT}），未作改动；请升级 orgsnap"
                    ),
                    format!(
                        "{path} was written by a newer orgsnap (format {found}, this one knows \
                         {FORMAT}); it was left as it is: install the newer version"
                    ),
                )
            }
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl Document {
    fn of(entry: &Entry) -> Document {
        let state = &entry.state;
        Document {
            format: FORMAT,
            cron: state.cron.clone(),
            timezone: state.zone.clone(),
            handled: Instant(state.handled),
            next: entry.next.map(Instant),
            scheduled_run: state.scheduled_run.as_ref().map(ScheduledRunDocument::of),
            job_file: entry.job_file.as_ref().map(StoredMessage::of),
        }
    }

    fn entry(self) -> Entry {
        let state = ScheduleState {
            cron: self.cron,
            zone: self.timezone,
            handled: self.handled.0,
            scheduled_run: self.scheduled_run.map(ScheduledRunDocument::scheduled_run),
        };
        Entry {
            state,
            next: self.next.map(|next| next.0),
            job_file: self.job_file.map(StoredMessage::message),
        }
    }
}

impl ScheduledRunDocument {
    fn of(scheduled_run: &ScheduledRun) -> ScheduledRunDocument {
        let (phase, due) = match scheduled_run.phase {
            Phase::Due(at) => (PhaseName::Due, Some(at)),
            Phase::Running => (PhaseName::Running, None),
            Phase::Published => (PhaseName::Published, None),
            Phase::Refused => (PhaseName::Refused, None),
            Phase::Failed => (PhaseName::Failed, None),
            Phase::Late => (PhaseName::Late, None),
        };
        ScheduledRunDocument {
            scheduled: Instant(scheduled_run.scheduled),
            business_date: Date(scheduled_run.date),
            until: Instant(scheduled_run.until),
            phase,
            due: due.map(Instant),
            attempts: scheduled_run.attempts,
            faults: scheduled_run.faults,
            run: scheduled_run.run.as_ref().map(|run| run.0.clone()),
            refused: scheduled_run.refused.as_ref().map(|run| run.0.clone()),
            missing: scheduled_run.missing.map(|missing| match missing {
                MissingPrecondition::Files => MissingPreconditionName::Files,
                MissingPrecondition::Source => MissingPreconditionName::Source,
                MissingPrecondition::Lock => MissingPreconditionName::Lock,
                MissingPrecondition::Setup => MissingPreconditionName::Setup,
                MissingPrecondition::Machine => MissingPreconditionName::Machine,
            }),
            message: scheduled_run.message.as_ref().map(StoredMessage::of),
        }
    }

    fn scheduled_run(self) -> ScheduledRun {
        let phase = match self.phase {
            PhaseName::Due => Phase::Due(self.due.unwrap_or(self.scheduled.clone()).0),
            PhaseName::Running => Phase::Running,
            PhaseName::Published => Phase::Published,
            PhaseName::Refused => Phase::Refused,
            PhaseName::Failed => Phase::Failed,
            PhaseName::Late => Phase::Late,
        };
        ScheduledRun {
            scheduled: self.scheduled.0,
            date: self.business_date.0,
            until: self.until.0,
            phase,
            attempts: self.attempts,
            faults: self.faults,
            run: self.run.map(RunId),
            refused: self.refused.map(RunId),
            missing: self.missing.map(|missing| match missing {
                MissingPreconditionName::Files => MissingPrecondition::Files,
                MissingPreconditionName::Source => MissingPrecondition::Source,
                MissingPreconditionName::Lock => MissingPrecondition::Lock,
                MissingPreconditionName::Setup => MissingPrecondition::Setup,
                MissingPreconditionName::Machine => MissingPrecondition::Machine,
            }),
            message: self.message.map(StoredMessage::message),
        }
    }
}

impl StoredMessage {
    fn of(message: &Message) -> StoredMessage {
        StoredMessage { zh: message.zh.clone().into_owned(), en: message.en.clone().into_owned() }
    }

    fn message(self) -> Message {
        Message { zh: Cow::Owned(self.zh), en: Cow::Owned(self.en) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_schedule_ledger_round_trips() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = folder.path().join("t");
        assert_eq!(read(&tenant).unwrap(), None);
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let phases = [
            Phase::Due(at("2026-11-23T19:00:00Z")),
            Phase::Running,
            Phase::Published,
            Phase::Refused,
            Phase::Failed,
            Phase::Late,
        ];
        let missing_preconditions = [
            MissingPrecondition::Files,
            MissingPrecondition::Source,
            MissingPrecondition::Lock,
            MissingPrecondition::Setup,
            MissingPrecondition::Machine,
        ]
        .map(Some);
        for (phase, missing) in
            phases.into_iter().zip(missing_preconditions.into_iter().chain([None]))
        {
            let scheduled_run = ScheduledRun {
                scheduled: at("2026-11-23T18:30:00Z"),
                date: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
                until: at("2026-11-24T00:00:00Z"),
                phase,
                attempts: 3,
                faults: 1,
                run: Some(RunId("20261123-183000-0000".to_owned())),
                refused: Some(RunId("20261123-183000-0000".to_owned())),
                missing,
                message: Some(Message::fixed("未到", "not there")),
            };
            let state = ScheduleState {
                cron: "0 30 2 * * *".to_owned(),
                zone: "Asia/Shanghai".to_owned(),
                handled: scheduled_run.scheduled,
                scheduled_run: Some(scheduled_run),
            };
            let next = Some(at("2026-11-24T18:30:00Z"));
            let entry = Entry { state, next, job_file: Some(Message::fixed("坏", "broken")) };
            write(&tenant, &entry).unwrap();
            assert_eq!(read(&tenant).unwrap(), Some(entry));
        }
    }

    #[test]
    fn damaged_and_newer_schedule_ledgers_give_distinct_errors() {
        let folder = tempfile::tempdir().unwrap();
        for (text, newer) in
            [("", false), ("{}", false), ("{\"format\": 1}", false), ("{\"format\": 2}", true)]
        {
            fs::write(folder.path().join(FILE_NAME), text).unwrap();
            let error = read(folder.path()).unwrap_err();
            assert_eq!(matches!(error, LedgerError::Newer { .. }), newer, "{text}: {error}");
        }
    }
}
