//! Removes archived deliveries that the job does not keep any longer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};

use crate::config::job::{ArchiveSettings, Job};
use crate::fetch::{
    Journal, JournalEntry, JournalEvent, archived_runs, delivery_folder, remove_archived,
};
use crate::model::{Message, RunId};
use crate::store::{DATABASE, Reader, RunRow};

use super::error::RunError;
use super::history;
use super::not_approvable::why_not;

/// Removes what the job does not keep, after a publication. Returns what could not be done: the publication stands.
pub(super) fn apply(job: &Job, tenant_dir: &Path, now: DateTime<Utc>) -> Vec<Message> {
    match remove(job.archive, tenant_dir, now) {
        Ok(faults) => faults,
        Err(error) => vec![not_removed(&error.message())],
    }
}

fn remove(
    settings: ArchiveSettings,
    tenant_dir: &Path,
    now: DateTime<Utc>,
) -> Result<Vec<Message>, RunError> {
    if settings.keep.is_none() {
        return Ok(Vec::new());
    }
    let archived = archived_runs(tenant_dir)?;
    let reader = Reader::open_existing(&tenant_dir.join(DATABASE))?;
    let (runs, carried) = (reader.runs(usize::MAX)?, reader.carried()?);
    let carried = carried.into_iter().map(|row| row.valid_from).collect();
    let removable = removable(settings, &archived, &Known::of(&runs, carried));
    let journal = Journal::of(tenant_dir);
    let entries = journal.read()?.unwrap_or_default();
    let noted = history::removed(&entries);
    let entry = |(date, run): &(NaiveDate, RunId)| JournalEntry {
        what: JournalEvent::Removed,
        date: *date,
        run: run.clone(),
        at: now,
    };
    let new = removable.iter().filter(|(_, run)| !noted.contains(run)).map(entry);
    // Noted first: what is gone must not look like a loss.
    journal.append(&new.collect::<Vec<_>>()).map_err(|error| RunError::Archive(error.into()))?;
    let mut faults = Vec::new();
    for (date, run) in &removable {
        tracing::info!(%date, %run, "an archived delivery is removed: the job does not keep it any longer");
        if let Err(error) = remove_archived(&delivery_folder(tenant_dir, *date, run)) {
            faults.push(not_removed(&error.message()));
        }
    }
    Ok(faults)
}

fn not_removed(why: &Message) -> Message {
    Message::new(
        format!("过期的归档未能删除：{}", why.zh),
        format!(
            "archived deliveries that are not kept any longer could not be removed: {}",
            why.en
        ),
    )
}

/// What is known of the archived runs.
struct Known {
    /// The run of each snapshot.
    snapshots: BTreeMap<NaiveDate, RunId>,
    /// Refused runs that can still be approved.
    open: BTreeSet<RunId>,
    /// The dates with whose deliveries content began that is carried in the newest snapshot: no later one has it.
    carried: BTreeSet<NaiveDate>,
}

impl Known {
    fn of(runs: &[RunRow], carried: BTreeSet<NaiveDate>) -> Known {
        let date = |row: &RunRow| row.business_date.parse::<NaiveDate>().ok();
        let current = runs.iter().filter(|row| row.current);
        let open = runs.iter().filter(|row| why_not(row, runs).is_none());
        Known {
            snapshots: current.filter_map(|row| Some((date(row)?, row.run.clone()))).collect(),
            open: open.map(|row| row.run.clone()).collect(),
            carried,
        }
    }
}

/// The archived deliveries that are not kept any longer. Pure.
fn removable(
    settings: ArchiveSettings,
    archived: &BTreeMap<NaiveDate, Vec<RunId>>,
    known: &Known,
) -> Vec<(NaiveDate, RunId)> {
    let keep = settings.keep.and_then(|keep| TimeDelta::from_std(keep).ok());
    let newest = known.snapshots.last_key_value().map(|(date, _)| *date);
    let Some(oldest) = newest.zip(keep).and_then(|(newest, keep)| newest.checked_sub_signed(keep))
    else {
        return Vec::new();
    };
    // A delivery of the newest date, again, is compared with the one before it.
    let compared: Vec<NaiveDate> = known.snapshots.keys().rev().take(2).copied().collect();
    let is_month_end = |date: NaiveDate| {
        let later = known.snapshots.range(date..).nth(1);
        later.is_none_or(|(later, _)| (later.year(), later.month()) != (date.year(), date.month()))
    };
    let is_kept = |date: NaiveDate, run: &RunId| {
        known.open.contains(run)
            || known.snapshots.get(&date) == Some(run)
                && (compared.contains(&date)
                    || known.carried.contains(&date)
                    || settings.month_ends && is_month_end(date))
    };
    let old = archived.range(..oldest).flat_map(|(date, runs)| runs.iter().map(|run| (*date, run)));
    let gone = old.filter(|(date, run)| !is_kept(*date, run));
    gone.map(|(date, run)| (date, run.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(id: &str) -> RunId {
        RunId(id.to_owned())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn old_deliveries_go_but_for_month_ends_open_refusals_and_what_is_compared() {
        let archived = [
            ("2024-01-30", vec!["a1"]),
            ("2024-01-31", vec!["a2", "a2-old"]),
            ("2024-02-20", vec!["b1"]),
            ("2024-02-21", vec!["b2-refused"]),
            ("2024-11-01", vec!["c1", "c1-failed"]),
            ("2024-11-30", vec!["c2"]),
        ];
        let archived: BTreeMap<NaiveDate, Vec<RunId>> = archived
            .into_iter()
            .map(|(d, runs)| (day(d), runs.into_iter().map(run).collect()))
            .collect();
        let known = |snapshots: &[(&str, &str)]| Known {
            snapshots: snapshots.iter().map(|(d, r)| (day(d), run(r))).collect(),
            open: [run("b2-refused")].into(),
            carried: BTreeSet::new(),
        };
        let all = known(&[
            ("2024-01-30", "a1"),
            ("2024-01-31", "a2"),
            ("2024-02-20", "b1"),
            ("2024-11-01", "c1"),
            ("2024-11-30", "c2"),
        ]);
        let gone = |days: u64, month_ends, known: &Known| -> Vec<String> {
            let keep = Some(Duration::from_secs(days * 86_400));
            let settings = ArchiveSettings { keep, month_ends };
            removable(settings, &archived, known).into_iter().map(|(_, run)| run.0).collect()
        };
        assert_eq!(gone(200, true, &all), ["a1", "a2-old"]);
        assert_eq!(gone(200, false, &all), ["a1", "a2", "a2-old", "b1"]);
        // What the newest date is compared with stays, however old.
        assert_eq!(gone(1, false, &all), ["a1", "a2", "a2-old", "b1", "c1-failed"]);
        assert_eq!(gone(305, false, &all), Vec::<String>::new(), "30 January is 305 days before");
        let carried = Known {
            carried: [day("2024-02-20")].into(),
            ..known(&[
                ("2024-01-31", "a2"),
                ("2024-02-20", "b1"),
                ("2024-11-01", "c1"),
                ("2024-11-30", "c2"),
            ])
        };
        assert_eq!(gone(1, false, &carried), ["a1", "a2", "a2-old", "c1-failed"]);
        let few = known(&[("2024-01-31", "a2"), ("2024-11-30", "c2")]);
        assert_eq!(gone(29, true, &few), ["a1", "a2-old", "b1"], "c1 is 29 days before");
        assert_eq!(gone(1, true, &known(&[])), Vec::<String>::new(), "nothing is published");
    }
}
