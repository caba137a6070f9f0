//! The outcome of a run that was under way when an earlier daemon ended, read from `org.db`.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::{EventKind, RunFacts};
use crate::config::job::Job;
use crate::model::{GateReason, RunId};
use crate::report::json;
use crate::reporting::reports_folder;
use crate::store::{DATABASE, Reader, RunRow};

use super::log_entry::LogEntry;
use super::notify;
use super::observer::Observer;
use super::plan::{Phase, RunOutcome, ScheduleState, Timetable};

/// Number of recent runs that are searched for the interrupted one: manual runs may have come after it.
const MAX_RUNS_SEARCHED: usize = 200;

/// Settles a run that the ledger says is under way, at the start of a daemon: the process that ran it has ended. If it
/// came to its verdict, that counts and is reported now; if not, it changed nothing and is run again.
pub(super) fn settle(
    state: &mut ScheduleState,
    job: &Job,
    timetable: &Timetable<'_>,
    folder: &Path,
    observer: &dyn Observer,
    now: DateTime<Utc>,
) {
    let Some(scheduled_run) =
        state.scheduled_run.as_mut().filter(|scheduled_run| scheduled_run.phase == Phase::Running)
    else {
        return;
    };
    let (date, Some(run)) = (scheduled_run.date, scheduled_run.run.clone()) else {
        scheduled_run.phase = Phase::Due(now);
        return;
    };
    let row = recorded(folder, &run);
    let outcome = match row.as_ref().map(|row| row.verdict.as_str()) {
        Some("published") => RunOutcome::Published,
        Some("refused") => RunOutcome::Refused,
        _ => {
            observer.log(&LogEntry::interrupted(&job.tenant, date, &run));
            state.finish(timetable, &RunOutcome::Stopped, now);
            return;
        }
    };
    state.finish(timetable, &outcome, now);
    if let Some(row) = row {
        let facts = facts(&row, &reports_folder(job, folder));
        let what = match outcome {
            RunOutcome::Refused => EventKind::Refused(facts),
            _ => EventKind::Published(facts),
        };
        notify::on_event(observer, job, &notify::event(job, date, what), false, now);
    }
}

/// Whether a snapshot of the date is published.
pub(super) fn is_published(folder: &Path, date: NaiveDate) -> bool {
    publishing_run(folder, date).is_some()
}

/// Whether a manual run has published the date since a run refused it.
pub(super) fn is_published_since(folder: &Path, date: NaiveDate, refused: &RunId) -> bool {
    // The ids of runs begin with the time.
    publishing_run(folder, date).is_some_and(|run| run.0 > refused.0)
}

fn publishing_run(folder: &Path, date: NaiveDate) -> Option<RunId> {
    let reader = Reader::open_existing(&folder.join(DATABASE)).ok()?;
    Some(reader.snapshot(date).ok()?.run)
}

/// The run as it was recorded. A database that cannot be read knows of none: the run to come will say why.
fn recorded(folder: &Path, run: &RunId) -> Option<RunRow> {
    let reader = Reader::open_existing(&folder.join(DATABASE)).ok()?;
    reader.runs(MAX_RUNS_SEARCHED).ok()?.into_iter().find(|row| row.run == *run)
}

fn facts(row: &RunRow, reports: &Path) -> RunFacts {
    let report = reports.join(&row.run.0).join(json::FILE_NAME);
    RunFacts {
        run: row.run.clone(),
        reasons: row
            .reasons
            .iter()
            .map(|reason| GateReason {
                limit: limit(&reason.limit),
                message: reason.message.clone(),
            })
            .collect(),
        causes: Vec::new(),
        all_causes: 0,
        findings: Vec::new(),
        rows: row.rows,
        quarantined: row.quarantined,
        snapshot_date: None,
        report: report.exists().then_some(report),
    }
}

/// The stable name of a limit, as the gate writes it.
fn limit(name: &str) -> &'static str {
    const KNOWN: [&str; 5] =
        ["fatal-finding", "quarantined", "detached", "vanished", "vanished-in-organ"];
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("refused")
}
