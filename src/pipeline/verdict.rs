//! The facts of a run before the gate.

use crate::config::job::GateLimits;
use crate::gate::{self, Approved};
use crate::model::{Feed, GateReason, PerFeed};
use crate::store::{FeedOutcome, Publication};
use crate::trees::DeliveredForest;

use super::outcome::Outcome;

/// Gives the gate its facts and returns its verdict. Records in the report how the last snapshot changes.
pub(super) fn judge(
    limits: &GateLimits,
    outcome: &mut Outcome,
    forests: &[DeliveredForest<'_>],
    publication: Option<&Publication<'_>>,
    written: Option<&PerFeed<FeedOutcome>>,
) -> Result<Approved, Vec<GateReason>> {
    let previous = publication.and_then(|p| Some((p, p.previous()?)));
    if let Some((publication, previous)) = previous {
        outcome.report.previous_date = Some(previous.date);
        for file in &mut outcome.report.files {
            file.previous_rows = Some(publication.rows_before(file.feed));
        }
    }
    let mut vanished = Vec::new();
    if let Some(written) = written {
        for (feed, done) in Feed::ALL.into_iter().zip(written) {
            outcome.report.changes.insert(feed, done.table_changes);
            let before = publication.map_or(0, |p| p.rows_before(feed));
            vanished.push(gate::Vanished { feed, before, gone: done.snapshot_changes.removed });
        }
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
    let branches = publication.map_or(&[][..], |p| p.branches());
    let branches: Vec<gate::Branch<'_>> = branches
        .iter()
        .map(|b| gate::Branch { organ: &b.organ, before: b.before, gone: b.gone })
        .collect();
    let facts = gate::Facts {
        findings: &outcome.report.findings,
        totals: &outcome.report.totals,
        files: &outcome.report.files,
        edges: &edges,
        vanished: &vanished,
        branches: &branches,
    };
    gate::judge(&facts, limits)
}
