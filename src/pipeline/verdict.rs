//! The facts of a run before the gate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::config::job::GateLimits;
use crate::gate::{self, Approved, Limits};
use crate::model::{Feed, FeedChanges, FormerDelivery, GateReason, PerFeed};
use crate::store::{Branch, FeedOutcome, Publication};
use crate::trees::DeliveredForest;

use super::former::Comparison;
use super::outcome::Outcome;

/// How the delivery differs from what it is compared with: the last snapshot, a former delivery, or nothing.
#[derive(Default)]
pub(super) struct Base {
    /// Business date of the last snapshot.
    previous_date: Option<NaiveDate>,
    /// The archived files from which the last snapshot was made, below the folder of the tenant.
    archive: Option<PathBuf>,
    rows_before: BTreeMap<Feed, u64>,
    changes: BTreeMap<Feed, FeedChanges>,
    vanished: Vec<gate::Vanished>,
    branches: Vec<Branch>,
    former: Option<FormerDelivery>,
}

impl Base {
    /// The last snapshot, where rows were written to compare with it.
    pub(super) fn snapshot(
        publication: &Publication<'_>,
        written: Option<&PerFeed<FeedOutcome>>,
    ) -> Base {
        let mut base = Base { branches: publication.branches().to_vec(), ..Base::default() };
        if let Some(previous) = publication.previous() {
            base.previous_date = Some(previous.date);
            let day = Path::new("archive").join(previous.date.to_string());
            base.archive = Some(day.join(&previous.run.0));
            let rows = Feed::ALL.map(|feed| (feed, publication.rows_before(feed)));
            base.rows_before = BTreeMap::from(rows);
        }
        for (feed, done) in Feed::ALL.into_iter().zip(written.into_iter().flatten()) {
            base.changes.insert(feed, done.table_changes);
            let (before, gone) = (publication.rows_before(feed), done.snapshot_changes.removed);
            base.vanished.push(gate::Vanished { feed, before, gone, at_end: false });
        }
        base
    }

    /// A former delivery.
    pub(super) fn former(comparison: Comparison, folder: String) -> Base {
        let mut base = Base { branches: comparison.branches.clone(), ..Base::default() };
        for (feed, compared) in &comparison.feeds {
            let (before, gone) = (compared.before, compared.changes.removed);
            let at_end = compared.former.at_end;
            base.rows_before.insert(*feed, before);
            base.changes.insert(*feed, compared.changes);
            base.vanished.push(gate::Vanished { feed: *feed, before, gone, at_end });
        }
        base.former = Some(comparison.into_report(folder));
        base
    }

    /// Where the files of the last snapshot are, and how many rows of it each feed lacks; `None` without a snapshot.
    pub(super) fn published_files(&self) -> Option<(&Path, PerFeed<u64>)> {
        let gone = |feed| self.vanished.iter().find(|v| v.feed == feed).map_or(0, |v| v.gone);
        Some((self.archive.as_deref()?, PerFeed::from_fn(gone)))
    }

    /// Marks the feeds whose missing rows are the last ones of the file of the last snapshot.
    pub(super) fn mark_cut_off(&mut self, cut_off: &PerFeed<bool>) {
        for vanished in &mut self.vanished {
            vanished.at_end = cut_off[vanished.feed];
        }
    }

    /// How many rows each feed lacks, where they are known to be the last ones of the file before.
    pub(super) fn cut_off(&self) -> PerFeed<Option<u64>> {
        PerFeed::from_fn(|feed| {
            let of_feed = self.vanished.iter().find(|v| v.feed == feed && v.at_end && v.gone > 0);
            of_feed.map(|vanished| vanished.gone)
        })
    }

    /// Whether a feed has the records of what it is compared with, and no others.
    pub(super) fn has_same_records(&self, feed: Feed) -> bool {
        self.changes.get(&feed).is_some_and(|changes| {
            changes.unchanged > 0
                && *changes
                    == FeedChanges { unchanged: changes.unchanged, ..FeedChanges::default() }
        })
    }

    /// The feeds that lack so many rows that the delivery is refused. Agents of one branch are enough.
    pub(super) fn lacking(&self, limits: &GateLimits, reasons: &[GateReason]) -> PerFeed<bool> {
        let in_organ = reasons.iter().any(|reason| reason.limit == "vanished-in-organ");
        PerFeed::from_fn(|feed| {
            (feed == Feed::Agent && in_organ)
                || self.vanished.iter().any(|v| v.feed == feed && v.is_over(limits))
        })
    }

    /// Number of agents of what the delivery is compared with.
    pub(super) fn agents_before(&self) -> Option<u64> {
        self.rows_before.get(&Feed::Agent).copied()
    }

    /// The part for the report.
    pub(super) fn into_former(self) -> Option<FormerDelivery> {
        self.former
    }
}

/// Whether rows that are gone are among the reasons of a refusal.
pub(super) fn lacks_rows(reasons: &[GateReason]) -> bool {
    reasons.iter().any(|reason| ["vanished", "vanished-in-organ"].contains(&reason.limit))
}

/// Gives the gate its facts and returns its verdict. Records in the report how the last snapshot changes.
pub(super) fn judge(
    (limits, hold): (&GateLimits, Limits),
    outcome: &mut Outcome,
    forests: &[DeliveredForest<'_>],
    base: &Base,
) -> Result<Approved, Vec<GateReason>> {
    outcome.report.previous_date = base.previous_date;
    outcome.report.changes.clone_from(&base.changes);
    for file in &mut outcome.report.files {
        file.previous_rows = base.rows_before.get(&file.feed).copied();
    }
    let edges: Vec<gate::Edges<'_>> = forests
        .iter()
        .map(|f| gate::Edges {
            forest: &f.schema.name,
            title: &f.schema.title,
            delivered: f.delivered,
            detached: f.detached,
        })
        .collect();
    let branches: Vec<gate::Branch<'_>> = base
        .branches
        .iter()
        .map(|b| gate::Branch { organ: &b.organ, before: b.before, gone: b.gone })
        .collect();
    let facts = gate::Facts {
        findings: &outcome.report.findings,
        totals: &outcome.report.totals,
        files: &outcome.report.files,
        edges: &edges,
        vanished: &base.vanished,
        branches: &branches,
        before: base.previous_date.filter(|date| outcome.report.newest_date != Some(*date)),
    };
    gate::judge(&facts, limits, hold)
}
