//! From the raw files of a delivery to its verdict and its publication.
//!
//! Two things run in parallel, each pair in a scope of its own: the store reads the last snapshot while the
//! delivery is parsed, and it writes rows while references, forests and their rules are computed. These rows
//! are in an open transaction, which only an `Approved` can commit.

use std::{path::Path, thread, time::Instant};

use crate::config::job::{Format, GateLimits};
use crate::config::schema::Schema;
use crate::delivery::Background;
use crate::fetch::RawDelivery;
use crate::links::Links;
use crate::model::{Cancel, Feed, PerFeed, RunReport, Verdict};
use crate::rules::{Levels, RowContext, check_lines, check_rows, note_left_out_edges};
use crate::store::{RunRecord, Store};
use crate::trees::{DeliveredForest, tree_rows};

use super::error::RunError;
use super::intake;
use super::outcome::Outcome;
use super::pinned::wrong_pin;
use super::rows::{carried, write_rows};
use super::stage::{Progress, Stage};
use super::verdict::judge;

/// What holds for a whole run.
pub(super) struct Run<'r> {
    pub(super) schema: &'r Schema,
    pub(super) levels: &'r Levels,
    pub(super) limits: GateLimits,
    pub(super) pinned: &'r Format,
    /// The job file, to name its lines.
    pub(super) job: Option<&'r Path>,
    pub(super) background: &'r Background,
    pub(super) progress: &'r dyn Progress,
    pub(super) cancel: &'r Cancel,
}

impl Run<'_> {
    /// Ends a run that was asked to stop. An open transaction is rolled back as it is dropped.
    pub(super) fn check_cancelled(&self) -> Result<(), RunError> {
        match self.cancel.is_asked() {
            true => Err(RunError::Cancelled),
            false => Ok(()),
        }
    }

    /// From raw files to the verdict, and to the database if there is one and the run is no dry one.
    pub(super) fn process(
        &self,
        raw: &mut RawDelivery,
        store: &mut Option<Store>,
        dry: bool,
        mut outcome: Outcome,
    ) -> Result<RunReport, RunError> {
        let date = outcome.report.business_date;
        self.check_cancelled()?;
        self.progress.stage(Stage::Parse);
        let began = Instant::now();
        let (parsed, begun) = thread::scope(|scope| {
            let begin = store.as_mut().map(|store| scope.spawn(move || store.begin(date)));
            let parsed = intake::parse(raw, self.schema, self.pinned, self.background.clone());
            (
                parsed,
                begin.map(|begin| begin.join().unwrap_or_else(|p| std::panic::resume_unwind(p))),
            )
        });
        let mut publication = begun.transpose()?;
        let mut delivery = parsed?;
        if let Some(pin) = wrong_pin(&delivery, raw, (self.schema, self.pinned), self.job) {
            return Err(RunError::WrongPin(Box::new(pin)));
        }
        outcome.time(Stage::Parse, began);

        self.check_cancelled()?;
        self.progress.stage(Stage::Check);
        let began = Instant::now();
        let (mut checked, accepted) = check_lines(&mut delivery, self.levels);
        let (delivery, accepted) = (&delivery, &accepted);
        let quarantined =
            PerFeed::from_fn(|feed| intake::quarantined_keys(delivery, accepted, feed));
        // A file without records is fatal: nothing is going to be published.
        let whole = Feed::ALL.into_iter().all(|feed| delivery.readable(feed).is_some());
        let (links, forests, written) = thread::scope(|scope| {
            let writer = publication.as_mut().filter(|_| whole).map(|publication| {
                let quarantined = &quarantined;
                scope.spawn(move || {
                    write_rows(publication, delivery, accepted, quarantined, self.cancel)
                })
            });
            let links = Links::resolve(delivery, accepted);
            let forests = DeliveredForest::all(delivery, accepted, &links);
            let context = RowContext { delivery, accepted, links: &links, forests: &forests };
            check_rows(&context, self.levels, &mut checked);
            note_left_out_edges(&mut checked.findings, delivery, accepted, &links);
            let written = writer.map(|w| w.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
            (links, forests, written)
        });
        let written = written.transpose()?;
        self.check_cancelled()?;
        outcome.take(raw, delivery, accepted, checked);
        let verdict =
            judge(&self.limits, &mut outcome, &forests, publication.as_ref(), written.as_ref());
        outcome.time(Stage::Check, began);
        let quarantine = intake::quarantined_lines(delivery, accepted);
        let approved = match verdict {
            Ok(approved) => approved,
            Err(reasons) => {
                drop(publication);
                outcome.refuse(reasons);
                return outcome.record(store.as_mut(), dry, Box::new(quarantine));
            }
        };
        let Some(mut publication) = publication.filter(|_| !dry) else {
            outcome.report.verdict = Verdict::Passed;
            return Ok(outcome.report);
        };

        self.progress.stage(Stage::Publish);
        let began = Instant::now();
        let carried = PerFeed::try_from_fn(|feed| carried(self.schema, &publication, feed))?;
        for (forest, rows) in tree_rows(delivery, accepted, &links, forests, &carried) {
            publication.write_tree(forest, &rows)?;
            self.check_cancelled()?;
        }
        outcome.time(Stage::Publish, began);
        outcome.report.verdict = Verdict::Published;
        let record = RunRecord {
            report: &outcome.report,
            finished: outcome.finished(),
            tool_version: env!("CARGO_PKG_VERSION"),
            quarantine: Box::new(quarantine),
        };
        publication.commit(approved, record)?;
        outcome.retime(Stage::Publish, began);
        Ok(outcome.report)
    }
}
