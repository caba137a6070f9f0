//! One run, behind a fence: whatever happens in it, it ends as a value.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::fetch::{ArchiveError, DiskError, FetchError};
use crate::model::{Cancel, Message, RunId, RunReport, Verdict, system_reason};
use crate::pipeline::{self, ImportRequest, Progress, RunError, WaitPolicy};
use crate::report::json;
use crate::store::StoreError;
use crate::store::lock::LockError;

use super::plan::{MissingPrecondition, RunOutcome};

/// A run to be started.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The job.
    pub job: Arc<Job>,
    /// The business date.
    pub date: NaiveDate,
    /// When it begins; its id is made of it.
    pub now: DateTime<Utc>,
    /// What follows if the files are not there.
    pub wait_policy: WaitPolicy,
    /// The run that has refused the delivery, while a corrected one is looked for.
    pub refused: Option<RunId>,
    /// The data folder.
    pub data: PathBuf,
    /// Asks it to end.
    pub cancel: Cancel,
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// The tenant.
    pub tenant: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What there is to say of it, if it came to a verdict.
    pub report: Option<Box<RunReport>>,
    /// What went wrong beside it: its report could not be written.
    pub aside: Option<Message>,
}

impl RunRequest {
    /// Runs the pipeline and writes the report. A panic in it is a fault like any other.
    pub fn execute(&self, progress: &dyn Progress) -> Finished {
        let tenant = self.job.tenant.clone();
        // Nothing that a panic may have left half done is used afterwards: the run owns what it works on.
        panic::catch_unwind(AssertUnwindSafe(|| self.import(progress))).unwrap_or_else(|_| {
            let message = Message::fixed(
                "orgsnap 内部故障；对外快照仍然完整。请将日志中「panic at」一行反馈给开发者",
                "internal fault of orgsnap; the published snapshot is whole. Please report the line \
                 `panic at` of the log",
            );
            let outcome = RunOutcome::Without { missing: MissingPrecondition::Machine, passing: false, message };
            Finished { tenant, outcome, report: None, aside: None }
        })
    }

    /// What is told of a run that could not even be started.
    pub fn not_started(&self, error: &io::Error) -> Finished {
        let Message { zh, en } = system_reason(error);
        let message = Message::new(
            format!("无法启动运行：{zh}；请检查系统的线程和内存限制"),
            format!("the run could not be started: {en}; check the system's limits"),
        );
        Finished {
            tenant: self.job.tenant.clone(),
            outcome: RunOutcome::Without {
                missing: MissingPrecondition::Machine,
                passing: true,
                message,
            },
            report: None,
            aside: None,
        }
    }

    fn import(&self, progress: &dyn Progress) -> Finished {
        let request = ImportRequest {
            job: &self.job,
            date: Some(self.date),
            from: None,
            dry_run: false,
            data_dir: &self.data,
            now: self.now,
            cancel: &self.cancel,
            wait_policy: self.wait_policy,
            accept_unchanged: false,
            refused: self.refused.as_ref(),
        };
        let tenant = self.job.tenant.clone();
        let mut report = match pipeline::import(&request, progress) {
            Ok(report) => report,
            Err(error) => {
                return Finished { tenant, outcome: ending_of(&error), report: None, aside: None };
            }
        };
        let folder = self.data.join(&tenant).join("reports").join(&report.run.0);
        let aside = match json::write(&folder, &report) {
            Ok(_) => {
                report.report_dir = Some(folder);
                None
            }
            Err(error) => Some(error.message()),
        };
        let outcome = match report.verdict {
            Verdict::Refused => RunOutcome::Refused,
            // An import that is no dry run passes by publishing.
            Verdict::Published | Verdict::Passed | Verdict::Failed => RunOutcome::Published,
        };
        Finished { tenant, outcome, report: Some(Box::new(report)), aside }
    }
}

/// What a run lacked that ended in a fault, and whether that passes by itself.
fn ending_of(error: &RunError) -> RunOutcome {
    let (missing, passing) = match error {
        RunError::Cancelled => return RunOutcome::Stopped,
        RunError::Fetch(error) => match error {
            error if error.is_not_there_yet() => (MissingPrecondition::Files, true),
            FetchError::Disk(error) => (MissingPrecondition::Machine, is_full(error)),
            FetchError::NoRoom { .. } => (MissingPrecondition::Machine, true),
            FetchError::NotBuiltIn { .. }
            | FetchError::TlsSetup { .. }
            | FetchError::Password(_)
            | FetchError::NotAFileName { .. } => (MissingPrecondition::Setup, false),
            other => (MissingPrecondition::Source, other.is_transient()),
        },
        RunError::Archive(ArchiveError::Disk(error)) => {
            (MissingPrecondition::Machine, is_full(error))
        }
        RunError::Lock(LockError::Held { .. }) => (MissingPrecondition::Lock, true),
        RunError::Store(StoreError::Full { .. } | StoreError::Locked { .. }) => {
            (MissingPrecondition::Machine, true)
        }
        RunError::Config(_)
        | RunError::Levels(_)
        | RunError::Schema(_)
        | RunError::NoSource { .. }
        | RunError::Lock(LockError::Unusable { .. }) => (MissingPrecondition::Setup, false),
        RunError::Archive(_) | RunError::Store(_) | RunError::Frame(_) => {
            (MissingPrecondition::Machine, false)
        }
    };
    RunOutcome::Without { missing, passing, message: error.message() }
}

fn is_full(error: &DiskError) -> bool {
    matches!(
        error.source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ResourceBusy
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_must_mend() {
        let path = || PathBuf::from("x");
        let disk = |kind: io::ErrorKind| DiskError { path: path(), source: kind.into() };
        let place = || "x".to_owned();
        let reason = || Message::fixed("x", "x");
        let cases: Vec<(RunError, MissingPrecondition, bool)> = vec![
            (FetchError::NothingThere { place: place() }.into(), MissingPrecondition::Files, true),
            (
                FetchError::NotReady { place: place(), why: reason(), allowed: Duration::ZERO }
                    .into(),
                MissingPrecondition::Files,
                true,
            ),
            (FetchError::Changing { what: place() }.into(), MissingPrecondition::Files, true),
            (
                FetchError::Unreachable { server: place(), reason: reason() }.into(),
                MissingPrecondition::Source,
                true,
            ),
            (
                FetchError::LoginRefused { server: place(), username: place(), reply: place() }
                    .into(),
                MissingPrecondition::Source,
                false,
            ),
            (FetchError::TlsSetup { reason: place() }.into(), MissingPrecondition::Setup, false),
            (
                FetchError::Disk(disk(io::ErrorKind::StorageFull)).into(),
                MissingPrecondition::Machine,
                true,
            ),
            (
                FetchError::Disk(disk(io::ErrorKind::PermissionDenied)).into(),
                MissingPrecondition::Machine,
                false,
            ),
            (
                ArchiveError::Disk(disk(io::ErrorKind::StorageFull)).into(),
                MissingPrecondition::Machine,
                true,
            ),
            (
                LockError::Held { path: path(), holder: place() }.into(),
                MissingPrecondition::Lock,
                true,
            ),
            (StoreError::Full { path: path() }.into(), MissingPrecondition::Machine, true),
            (StoreError::Locked { path: path() }.into(), MissingPrecondition::Machine, true),
            (StoreError::Corrupt { path: path() }.into(), MissingPrecondition::Machine, false),
            (RunError::NoSource { job: "jobs/t.toml".into() }, MissingPrecondition::Setup, false),
        ];
        for (error, missing, passing) in cases {
            let message = error.message();
            assert_eq!(
                ending_of(&error),
                RunOutcome::Without { missing, passing, message },
                "{error}"
            );
        }
        assert_eq!(ending_of(&RunError::Cancelled), RunOutcome::Stopped);
    }
}
