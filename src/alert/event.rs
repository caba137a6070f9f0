//! Events of an insurer's deliveries, as reported by those who run the jobs.
//!
//! An event is reported each time it occurs, at every poll if need be; whether anybody is alerted is
//! decided elsewhere.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::model::{self, GateReason, Level, Message, RunId, RunReport, Verdict};
use crate::pipeline::{Fault, RunError};
use crate::report::view::View;
use crate::rules::CATALOGUE;

/// Number of causes that an alert names; the report has them all.
const MOST_CAUSES: usize = 3;

/// Something that happened to the delivery of one business date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// The tenant.
    pub tenant: String,
    /// The insurer's name, where the job gives it.
    pub insurer: Option<String>,
    /// The business date of the delivery.
    pub business_date: NaiveDate,
    /// What happened.
    pub what: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The delivery is published.
    Published(RunFacts),
    /// The gate refused the delivery.
    Refused(RunFacts),
    /// A run ended in a fault and will not be retried soon.
    Failed {
        /// Where the fault lies.
        cause: Cause,
        /// What happened and what to do.
        message: Message,
        /// The run, if there was one with an id.
        run: Option<RunId>,
    },
    /// The files are not there yet.
    Late {
        /// Since when they are waited for.
        since: DateTime<Utc>,
        /// Until when they will be looked for.
        until: Option<DateTime<Utc>>,
        /// What was found when they were last looked for.
        message: Message,
    },
    /// The job file can no longer be read; its last good version is in use.
    JobFileBroken {
        /// What is wrong with it, and where.
        message: Message,
    },
    /// The job file was read. Reported every time; it has an effect only after
    /// [`EventKind::JobFileBroken`].
    JobFileRead,
    /// Members of WeCom could not be compared with the roster.
    MembersUnchecked {
        /// What happened and what to do.
        message: Message,
    },
    /// They were compared. Reported every time; it has an effect only after [`EventKind::MembersUnchecked`].
    MembersChecked,
    /// They differ in a new way; no names of agents are in this.
    MembersDiffer {
        /// The new differences, a line a kind.
        differences: Vec<Message>,
    },
    /// Messages of the session archive cannot be pulled or decrypted.
    ArchiveFailing {
        /// What distinguishes the condition from others, without counts that grow.
        condition: String,
        /// What happened and what to do.
        message: Message,
    },
    /// They are pulled and have their keys. Reported every time; it has an effect only after [`EventKind::ArchiveFailing`].
    ArchivePulled,
    /// WeCom's library could not decrypt messages of the session archive, which are kept and tried again. Reported after every
    /// pull for as long as there are some.
    ArchiveUndecrypted {
        /// How many, and why.
        message: Message,
    },
    /// There are none. Reported every time; it has an effect only after [`EventKind::ArchiveUndecrypted`].
    ArchiveDecrypted,
    /// Messages of the session archive are lost. Whoever reports it does so once.
    ArchiveGap {
        /// Which.
        message: Message,
    },
}

/// Where the fault of a failed run lies. Of each cause a business date is alerted once: the formatting may
/// differ from attempt to attempt, who has to act does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The insurer's server, the network, the account, or files of which nothing can be read.
    Source,
    /// The job file, the schema or the data folder: the operator of orgsnap has to act.
    Setup,
    /// A fault of orgsnap or of the machine.
    Internal,
}

impl Cause {
    /// Where the fault lies that ended a run; `None` where nothing is wrong: the delivery has not come yet, another
    /// run holds the tenant, or the run was asked to end.
    pub fn of(fault: Fault) -> Option<Cause> {
        match fault {
            Fault::BadDelivery | Fault::Source | Fault::SourceAccess => Some(Cause::Source),
            Fault::Setup | Fault::DataFolder => Some(Cause::Setup),
            Fault::Store | Fault::Internal => Some(Cause::Internal),
            Fault::Delivery | Fault::Busy | Fault::DatabaseLocked | Fault::Stopped => None,
        }
    }

    /// The name in documents: `source`, `setup`, `internal`.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Source => "source",
            Cause::Setup => "setup",
            Cause::Internal => "internal",
        }
    }
}

/// What an alert says of a run. There are keys, codes, counts and names of organisations in it, and no names of agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// The run.
    pub run: RunId,
    /// Why it was refused, or who answers for what it published; empty otherwise.
    pub reasons: Vec<GateReason>,
    /// What explains the findings: the first three causes.
    pub causes: Vec<model::Cause>,
    /// How many causes there are.
    pub all_causes: u64,
    /// The rules that fired, worst first.
    pub findings: Vec<TopFinding>,
    /// Rows accepted, over all files.
    pub rows: u64,
    /// Lines quarantined, over all files.
    pub quarantined: u64,
    /// Business date of the snapshot in use after the run.
    pub snapshot_date: Option<NaiveDate>,
    /// The report's file, if one was written.
    pub report: Option<PathBuf>,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopFinding {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub summary: Message,
    /// Its level in this run.
    pub level: Level,
    /// True number of findings.
    pub count: u64,
}

impl RunEvent {
    /// What a finished run makes happen. A check or a dry run makes nothing happen, and a run that failed
    /// has no report but an error, of which [`EventKind::Failed`] is made.
    pub fn of_report(report: &RunReport) -> Option<RunEvent> {
        let what = match report.verdict {
            Verdict::Published => EventKind::Published(RunFacts::of(report)),
            Verdict::Refused => EventKind::Refused(RunFacts::of(report)),
            Verdict::Passed | Verdict::Failed => return None,
        };
        Some(RunEvent {
            tenant: report.tenant.clone(),
            insurer: report.tenant_name.clone(),
            business_date: report.business_date,
            what,
        })
    }
}

impl RunEvent {
    /// Something that happened to a job's delivery.
    pub fn of_job(job: &Job, business_date: NaiveDate, what: EventKind) -> RunEvent {
        RunEvent { tenant: job.tenant.clone(), insurer: job.name.clone(), business_date, what }
    }

    /// The event of a failed run that is not retried; `None` where nothing is wrong. Files that
    /// are not there yet are late, since `now` as far as this run knows.
    pub fn of_error(
        job: &Job,
        business_date: NaiveDate,
        error: &RunError,
        now: DateTime<Utc>,
    ) -> Option<RunEvent> {
        let message = error.message();
        let what = match error.classify().fault {
            Fault::Delivery => EventKind::Late { since: now, until: None, message },
            fault => EventKind::Failed { cause: Cause::of(fault)?, message, run: None },
        };
        Some(RunEvent::of_job(job, business_date, what))
    }
}

impl RunFacts {
    fn of(report: &RunReport) -> RunFacts {
        let metas: Vec<_> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let findings = View::new(report, &metas)
            .rules
            .into_iter()
            .map(|fired| TopFinding {
                code: fired.code,
                name: fired.name,
                summary: fired
                    .summary
                    .cloned()
                    .unwrap_or_else(|| Message::fixed(fired.name, fired.name)),
                level: fired.level,
                count: fired.total,
            })
            .collect();
        RunFacts {
            run: report.run.clone(),
            reasons: report.noted_reasons(),
            causes: report.causes.iter().take(MOST_CAUSES).cloned().collect(),
            all_causes: report.causes.len() as u64,
            findings,
            rows: report.files.iter().map(|file| file.rows).sum(),
            quarantined: report.files.iter().map(|file| file.quarantined).sum(),
            snapshot_date: report.date_in_use(),
            // The reader of the alert does not share this process's working directory.
            report: report
                .report_files
                .first()
                .map(|path| std::path::absolute(&path).unwrap_or(path)),
        }
    }
}
