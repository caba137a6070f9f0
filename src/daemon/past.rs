//! What `org.db` knows that the ledger does not: how a run ended that the daemon did not live to see.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::{RunFacts, What};
use crate::config::job::Job;
use crate::model::{GateReason, RunId};
use crate::report::json;
use crate::store::{Reader, RunRow};

use super::notes::Note;
use super::observer::Observer;
use super::plan::{Ending, Phase, Timetable, Track};
use super::tell;

/// So many runs back the one that was cut short is looked for: those by hand may have come after it.
const RUNS_BACK: usize = 200;

/// Settles a run that the ledger says is under way, at the start of a daemon: whoever ran it is gone. If it
/// came to its verdict, that counts and is told of now; if not, it left nothing behind and is run again.
pub(super) fn settle_what_was_cut_short(
    track: &mut Track,
    job: &Job,
    timetable: &Timetable<'_>,
    folder: &Path,
    observer: &dyn Observer,
    now: DateTime<Utc>,
) {
    let Some(errand) = track.errand.as_mut().filter(|errand| errand.phase == Phase::Running) else {
        return;
    };
    let (date, Some(run)) = (errand.date, errand.run.clone()) else {
        errand.phase = Phase::Due(now);
        return;
    };
    let row = recorded(folder, &run);
    let ending = match row.as_ref().map(|row| row.verdict.as_str()) {
        Some("published") => Ending::Published,
        Some("refused") => Ending::Refused,
        _ => {
            observer.note(&Note::interrupted(&job.tenant, date, &run));
            track.finish(timetable, &Ending::Stopped, now);
            return;
        }
    };
    track.finish(timetable, &ending, now);
    if let Some(row) = row {
        let facts = facts(&row, folder);
        let what = match ending {
            Ending::Refused => What::Refused(facts),
            _ => What::Published(facts),
        };
        tell::happened(observer, job, &tell::happening(job, date, what), now);
    }
}

/// Whether a snapshot of the date or a later one is published.
pub(super) fn is_published(folder: &Path, date: NaiveDate) -> bool {
    let latest = Reader::open_existing(&folder.join("org.db")).and_then(|reader| reader.latest());
    matches!(latest, Ok(Some(latest)) if latest.date >= date)
}

/// Whether a run by hand has published the date since a run refused it.
pub(super) fn is_published_since(folder: &Path, date: NaiveDate, refused: &RunId) -> bool {
    let latest = Reader::open_existing(&folder.join("org.db")).and_then(|reader| reader.latest());
    // The ids of runs begin with the time.
    matches!(latest, Ok(Some(latest)) if latest.date == date && latest.run.0 > refused.0)
}

/// The run as it was recorded. A database that cannot be read knows of none: the run to come will say why.
fn recorded(folder: &Path, run: &RunId) -> Option<RunRow> {
    let reader = Reader::open_existing(&folder.join("org.db")).ok()?;
    reader.runs(RUNS_BACK).ok()?.into_iter().find(|row| row.run == *run)
}

fn facts(row: &RunRow, folder: &Path) -> RunFacts {
    let report = folder.join("reports").join(&row.run.0).join(json::FILE_NAME);
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
        findings: Vec::new(),
        rows: row.rows,
        quarantined: row.quarantined,
        previous_date: None,
        report: report.exists().then_some(report),
    }
}

/// The stable name of a limit, as the gate writes it.
fn limit(name: &str) -> &'static str {
    const KNOWN: [&str; 6] =
        ["fatal-finding", "quarantined", "detached", "vanished", "vanished-in-organ", "older-date"];
    KNOWN.into_iter().find(|known| *known == name).unwrap_or("refused")
}
