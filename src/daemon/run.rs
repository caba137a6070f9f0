//! One run of the scheduler. A fault or a panic in it becomes a [`RunOutcome`], so that other insurers go on.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::model::{Cancel, Message, RunId, RunReport, Verdict, system_reason};
use crate::pipeline::{self, Classification, ImportRequest, Progress, RunError, WaitPolicy};
use crate::reporting::JobReporter;
use crate::store::{ClaimTerms, Migration, RunClaim};

use super::plan::{MissingPrecondition, RunOutcome};

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An import at its time.
    Scheduled,
    /// An import of a date that was missed, of which the schedule state knows nothing.
    Missed(NaiveDate),
    /// A database of an earlier format is brought to the newest one, and nothing is imported.
    Migration,
}

/// A run to be started.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The job.
    pub job: Arc<Job>,
    /// What it is for.
    pub purpose: Purpose,
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
    /// Whether a database of an earlier format is copied before it is brought to the newest one.
    pub backup: bool,
    /// Asks it to end.
    pub cancel: Cancel,
    /// The claim on the date, in a store that many machines share.
    pub claim: Option<(ClaimTerms, RunClaim)>,
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
}

impl RunRequest {
    /// Runs the pipeline and writes the report. A panic in it is a fault like any other.
    pub fn execute(&self, progress: &dyn Progress) -> Finished {
        let tenant = self.job.tenant.clone();
        // Nothing that a panic may have left half done is used afterwards: the run owns what it works on.
        panic::catch_unwind(AssertUnwindSafe(|| match self.purpose {
            Purpose::Migration => self.migrate(progress),
            Purpose::Scheduled | Purpose::Missed(_) => self.import(progress),
        })).unwrap_or_else(|_| {
            let message = Message::fixed(
                "orgsnap 内部错误；当前快照仍然完整。请将日志中“panic at”一行反馈给开发者",
                "internal fault of orgsnap; the published snapshot is whole. Please report the line \
                 `panic at` of the log",
            );
            let outcome = RunOutcome::Without { missing: MissingPrecondition::Machine, transient: false, message };
            Finished { tenant, outcome, report: None }
        })
    }

    /// The outcome of a run that could not be started.
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
                transient: true,
                message,
            },
            report: None,
        }
    }

    fn migrate(&self, progress: &dyn Progress) -> Finished {
        let told = |step| progress.migration(step);
        let migration = Migration { backup: self.backup, told: &told };
        let migrated = pipeline::migrate(&self.job, &self.data, migration, self.now);
        Finished {
            tenant: self.job.tenant.clone(),
            // What was published before stands.
            outcome: migrated.map_or_else(|error| outcome_of(&error), |()| RunOutcome::Published),
            report: None,
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
            backup: self.backup,
            refused: self.refused.as_ref(),
        };
        let tenant = self.job.tenant.clone();
        let reporter = JobReporter {
            job: &self.job,
            data_dir: &self.data,
            dry_run: false,
            from_source: true,
            cancel: &self.cancel,
        };
        let imported = match &self.claim {
            None => pipeline::import(&request, progress, &reporter),
            Some((terms, claim)) => {
                pipeline::import_claimed(&request, (terms, Some(claim)), progress, &reporter)
            }
        };
        let report = match imported {
            Ok(report) => report,
            Err(error) => {
                return Finished { tenant, outcome: outcome_of(&error), report: None };
            }
        };
        let outcome = match report.verdict {
            Verdict::Refused => RunOutcome::Refused,
            // An import that is no dry run passes by publishing.
            Verdict::Published | Verdict::Passed | Verdict::Failed => RunOutcome::Published,
        };
        Finished { tenant, outcome, report: Some(Box::new(report)) }
    }
}

/// What was missing for a run that ended in a fault, and whether it may be there later.
fn outcome_of(error: &RunError) -> RunOutcome {
    let Classification { fault, waiting_helps } = error.classify();
    let Some(missing) = MissingPrecondition::of(fault) else { return RunOutcome::Stopped };
    RunOutcome::Without { missing, transient: waiting_helps, message: error.message() }
}

#[cfg(test)]
mod tests {
    use crate::fetch::FetchError;
    use crate::store::StoreError;

    use super::*;

    #[test]
    fn the_scheduler_retries_what_waiting_helps_and_names_the_missing_precondition() {
        let path = || PathBuf::from("x");
        let cases: Vec<(RunError, MissingPrecondition, bool)> = vec![
            (
                FetchError::NothingThere { place: "x".to_owned(), near: Vec::new() }.into(),
                MissingPrecondition::Files,
                true,
            ),
            (
                FetchError::NoRoom { path: path(), needed: 2, free: 1 }.into(),
                MissingPrecondition::Setup,
                true,
            ),
            (
                FetchError::TlsSetup { reason: Message::fixed("x", "x") }.into(),
                MissingPrecondition::Setup,
                false,
            ),
            (
                FetchError::LoginRefused {
                    server: "x".to_owned(),
                    username: "x".to_owned(),
                    reply: "x".to_owned(),
                    gbk_untried: false,
                }
                .into(),
                MissingPrecondition::Source,
                false,
            ),
            (StoreError::Full { path: path() }.into(), MissingPrecondition::Setup, true),
            (StoreError::Locked { path: path() }.into(), MissingPrecondition::Machine, true),
            (StoreError::Corrupt { path: path() }.into(), MissingPrecondition::Machine, false),
        ];
        for (error, missing, transient) in cases {
            let message = error.message();
            let expected = RunOutcome::Without { missing, transient, message };
            assert_eq!(outcome_of(&error), expected, "{error}");
        }
        assert_eq!(outcome_of(&RunError::Cancelled), RunOutcome::Stopped);
    }
}
