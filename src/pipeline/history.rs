//! Which archived deliveries make a database: what the journal says, or without one what the archive lets assume. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::fetch::{JournalEntry, JournalEvent};
use crate::model::{Approval, RunId};

/// The deliveries that count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct History {
    /// The delivery of each date.
    pub(super) deliveries: BTreeMap<NaiveDate, Wanted>,
    /// Who approved and who took back what, in order, also of dates that were corrected since.
    pub(super) decisions: Vec<JournalEntry>,
    /// Whether there is no journal: what counts is assumed.
    pub(super) assumed: bool,
}

/// The delivery of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The run that published it. If that is assumed, the runs that may have, the likeliest first: the first that the
    /// gate lets pass counts.
    pub(super) runs: Vec<RunId>,
    /// Who answers for it.
    pub(super) approval: Option<Approval>,
}

impl History {
    /// What the journal says, as it was after a run; `None` if that run has published nothing.
    pub(super) fn of_journal(entries: &[JournalEntry], until: Option<&RunId>) -> Option<History> {
        let end = match until {
            None => entries.len(),
            Some(run) => {
                let published = |entry: &JournalEntry| {
                    entry.run == *run
                        && matches!(
                            entry.what,
                            JournalEvent::Published | JournalEvent::Approved { .. }
                        )
                };
                entries.iter().position(published)? + 1
            }
        };
        let mut history = History::default();
        for entry in entries.iter().take(end) {
            let runs = vec![entry.run.clone()];
            match &entry.what {
                JournalEvent::Published => {
                    history.deliveries.insert(entry.date, Wanted { runs, approval: None });
                }
                JournalEvent::Approved { refused, by, reason, approved, .. } => {
                    history.decisions.push(entry.clone());
                    let approval = Some(Approval {
                        refused: refused.clone(),
                        at: approved.unwrap_or(entry.at),
                        by: by.clone(),
                        reason: reason.clone(),
                        waived: Vec::new(),
                    });
                    history.deliveries.insert(entry.date, Wanted { runs, approval });
                }
                JournalEvent::Retracted { .. } => {
                    history.deliveries.remove(&entry.date);
                    history.decisions.push(entry.clone());
                }
                JournalEvent::Removed => {}
            }
        }
        Some(history)
    }

    /// What an archive without a journal lets assume: the last delivery of each date that the gate lets pass.
    pub(super) fn assumed(archived: BTreeMap<NaiveDate, Vec<RunId>>) -> History {
        let wanted = |(date, mut runs): (NaiveDate, Vec<RunId>)| {
            runs.reverse();
            (date, Wanted { runs, approval: None })
        };
        let deliveries = archived.into_iter().map(wanted).collect();
        History { deliveries, decisions: Vec::new(), assumed: true }
    }
}

/// The runs whose files the job had removed.
pub(super) fn removed(entries: &[JournalEntry]) -> BTreeSet<&RunId> {
    let removed = entries.iter().filter(|entry| entry.what == JournalEvent::Removed);
    removed.map(|entry| &entry.run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_says_which_delivery_of_each_date_counts_after_a_run() {
        let entry = |what, day, run: &str| JournalEntry {
            what,
            date: NaiveDate::from_ymd_opt(2024, 11, day).unwrap(),
            run: RunId(run.to_owned()),
            at: "2024-12-01T00:00:00Z".parse().unwrap(),
        };
        let (by, reason) = ("li".to_owned(), "x".to_owned());
        let approved = JournalEvent::Approved {
            refused: RunId("r".into()),
            by: by.clone(),
            reason: reason.clone(),
            approved: None,
            waived: None,
        };
        let entries = [
            entry(JournalEvent::Published, 22, "a"),
            entry(approved, 20, "b"),
            entry(JournalEvent::Published, 22, "c"),
            entry(JournalEvent::Retracted { by, reason }, 22, "c"),
            entry(JournalEvent::Removed, 20, "b"),
            entry(JournalEvent::Published, 23, "d"),
        ];
        let after = |until: Option<&str>| -> Option<Vec<(u32, String)>> {
            let until = until.map(|run| RunId(run.to_owned()));
            let history = History::of_journal(&entries, until.as_ref())?;
            let day = |date: &NaiveDate| chrono::Datelike::day(date);
            let of = history.deliveries.iter();
            Some(of.map(|(date, wanted)| (day(date), wanted.runs[0].0.clone())).collect())
        };
        let expected = |list: &[(u32, &str)]| {
            Some(list.iter().map(|(day, run)| (*day, (*run).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(after(Some("a")), expected(&[(22, "a")]));
        assert_eq!(after(Some("b")), expected(&[(20, "b"), (22, "a")]));
        assert_eq!(after(Some("c")), expected(&[(20, "b"), (22, "c")]));
        assert_eq!(after(None), expected(&[(20, "b"), (23, "d")]));
        assert_eq!(after(Some("r")), None, "it was refused");
        let history = History::of_journal(&entries, None).unwrap();
        let approvals = history.deliveries.values().filter(|wanted| wanted.approval.is_some());
        assert_eq!((approvals.count(), history.decisions.len()), (1, 2));
    }
}
