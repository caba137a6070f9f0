//! From the raw files of a delivery to its verdict and its publication.
//!
//! Two things run in parallel, each pair in a scope of its own: the store reads the last snapshot while the
//! delivery is parsed, and it writes rows while references, forests and their rules are computed. These rows
//! are in an open transaction, which only an `Approved` can commit. The rows of the forests are made then too, if they
//! can be known; those of a first load are written into a file of their own.

use std::{path::Path, sync::mpsc, thread, time::Instant};

use crate::causes;
use crate::config::job::{Format, GateLimits, Job};
use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Background, Delivery};
use crate::fetch::{RawDelivery, archive};
use crate::gate::Limits;
use crate::links::Links;
use crate::model::{Cancel, Feed, Finding, PerFeed, RowCounter, RunReport, StoredRows, Verdict};
use crate::rules::{
    Levels, RowContext, check_lines, check_rows, check_snapshot, note_left_out_edges,
};
use crate::store::{RunRecord, Store, TreeSource};
use crate::trees::DeliveredForest;

use super::archiving::Archiving;
use super::early_trees;
use super::error::RunError;
use super::former::{self, Former};
use super::intake;
use super::journaling;
use super::life;
use super::outcome::Outcome;
use super::pinned::wrong_pin;
use super::reporter::{self, Reporter};
use super::rows::{previous, write_delivered_trees, write_rows, write_stored_trees};
use super::stage::{Progress, Stage};
use super::tally::Tally;
use super::verdict::{Base, judge, lacks_rows};

/// What holds for a whole run.
pub(super) struct Run<'r> {
    pub(super) schema: &'r Schema,
    pub(super) levels: &'r Levels,
    pub(super) limits: GateLimits,
    /// Whether they hold.
    pub(super) hold: Limits,
    pub(super) pinned: &'r Format,
    /// The job file, to name its lines.
    pub(super) job: Option<&'r Path>,
    pub(super) background: &'r Background,
    /// A former delivery to compare with, where there is no snapshot.
    pub(super) former: Option<&'r Former<'r>>,
    /// The folder of the tenant, in which its archive is.
    pub(super) tenant_dir: Option<&'r Path>,
    pub(super) progress: &'r dyn Progress,
    pub(super) reporter: &'r dyn Reporter,
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

    /// From raw files to the verdict, and to the database if there is one and the run is no dry one. Nothing is recorded or
    /// published before the delivery is in the archive.
    pub(super) fn process(
        &self,
        raw: &RawDelivery,
        store: &mut Option<Store>,
        dry: bool,
        mut outcome: Outcome,
        archiving: &Archiving<'_>,
    ) -> Result<RunReport, RunError> {
        let date = outcome.report.business_date;
        // Before the publication, which holds it until it is dropped.
        let writing = Tally::new(0);
        let count_written = |rows, _| writing.count(self.progress, rows, rows);
        self.check_cancelled()?;
        self.progress.stage(Stage::Parse);
        let began = Instant::now();
        let tally = Tally::new(raw.bytes());
        let count = |rows, bytes| tally.count(self.progress, rows, bytes);
        let (parsed, begun) = thread::scope(|scope| {
            let begin = store.as_mut().map(|store| scope.spawn(move || store.begin(date)));
            let parsed = intake::parse(
                raw,
                self.schema,
                self.pinned,
                self.background.clone(),
                RowCounter::new(&count),
            );
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
        writing.restart(accepted.iter().map(|accepted| accepted.order.len() as u64).sum());
        if let Some(publication) = &mut publication {
            publication.count_rows(RowCounter::new(&count_written));
        }
        // A file without records is fatal: nothing is going to be published.
        let whole = Feed::ALL.into_iter().all(|feed| delivery.readable(feed).is_some());
        let unpublished = publication.as_mut().filter(|_| !whole);
        let unpublished = unpublished.map(|p| previous(p, delivery, accepted, &quarantined));
        let unpublished = unpublished.transpose()?.flatten();
        let nothing = PerFeed::from_fn(|_| StoredRows::new(&[]));
        let (links, forests, before, early, written) = thread::scope(|scope| {
            // What the snapshot before held is read before the first row is written over it.
            let (found, before) = mpsc::sync_channel(1);
            let cancel = self.cancel;
            let writer = publication.as_mut().filter(|_| whole).map(|publication| {
                let quarantined = &quarantined;
                scope.spawn(move || {
                    let before = previous(publication, delivery, accepted, quarantined)?;
                    let early =
                        early_trees::place(publication, accepted, quarantined, before.as_ref())?;
                    // If nobody waits for it any more, the run is over.
                    let _ = found.send((before, early));
                    write_rows(publication, delivery, accepted, quarantined, cancel)
                })
            });
            let links = Links::resolve(delivery, accepted);
            let forests = DeliveredForest::all(delivery, accepted, &links);
            let context = RowContext { delivery, accepted, links: &links, forests: &forests };
            check_rows(&context, self.levels, &mut checked);
            // Without a writer nothing comes; nor does it if the writer fails, which ends the run.
            let (before, place) = before.recv().unwrap_or_default();
            let before = before.or(unpublished);
            check_snapshot(context, before.as_ref(), self.levels, &mut checked);
            note_left_out_edges(&mut checked.findings, delivery, accepted, &links);
            let made = (&links, forests.as_slice());
            let early = place
                .filter(|_| !dry)
                .map(|place| early_trees::make(place, delivery, accepted, made, &nothing, cancel));
            let written = writer.map(|w| w.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
            (links, forests, before, early, written)
        });
        let written = written.transpose()?;
        let early = early.transpose()?;
        self.check_cancelled()?;
        outcome.take(raw, delivery, accepted, checked);
        if let Some(publication) = &mut publication {
            outcome.identities = life::identities(&outcome.report.findings, delivery);
            let readable = PerFeed::from_fn(|feed| delivery.readable(feed).is_some());
            life::compare(&mut outcome.report, &outcome.identities, publication, &readable)?;
        }
        let mut former_rows = None;
        let mut base = match (&publication, self.former) {
            (Some(publication), _) => Base::snapshot(publication, written.as_ref()),
            (None, Some(former)) => {
                let compared = former.compare(delivery, accepted, &quarantined);
                former_rows = Some(former.differing_rows(&compared));
                Base::former(compared, former.folder().to_owned())
            }
            (None, None) => Base::default(),
        };
        let limits = (&self.limits, self.hold);
        let mut verdict = judge(limits, &mut outcome, &forests, &base);
        let refused = verdict.as_ref().is_err_and(|reasons| lacks_rows(reasons));
        if (refused || may_be_cut_off(&outcome.report.findings, self.schema, &base))
            && let Some(cut_off) = self.cut_off(&base, delivery, accepted, &quarantined)
        {
            base.mark_cut_off(&cut_off);
            verdict = judge(limits, &mut outcome, &forests, &base);
        }
        let (cut_off, unchanged) = (base.cut_off(), self.unchanged(delivery, &base));
        let lacking = verdict.as_ref().err().map(|reasons| base.lacking(&self.limits, reasons));
        outcome.explain(&causes::Facts {
            rows: RowContext { delivery, accepted, links: &links, forests: &forests },
            previous: before.as_ref().map(|before| &before.rows).or(former_rows.as_ref()),
            unchanged: &unchanged,
            cut_off: &cut_off,
            lacking: lacking.unwrap_or_default(),
            agents_before: base.agents_before(),
        });
        outcome.report.former = base.into_former();
        outcome.time(Stage::Check, began);
        let quarantine = intake::quarantined_lines(delivery, accepted);
        let approved = match verdict {
            Ok(approved) => {
                if let Some(approval) = &mut outcome.report.approval {
                    approval.waived = approved.waived().to_vec();
                }
                approved
            }
            Err(reasons) => {
                drop(publication);
                outcome.refuse(reasons);
                archiving.finish()?;
                let refused = outcome.record(store.as_mut(), dry, Box::new(quarantine))?;
                return Ok(reporter::report(refused, self.reporter, delivery));
            }
        };
        let Some(mut publication) = publication.filter(|_| !dry) else {
            outcome.report.verdict = Verdict::Passed;
            return Ok(reporter::report(outcome.report, self.reporter, delivery));
        };

        self.progress.stage(Stage::Publish);
        let began = Instant::now();
        match publication.tree_source() {
            TreeSource::Delivery { former_is_stored } => {
                let before = before.as_ref().filter(|_| former_is_stored);
                let made = (&links, forests.as_slice(), early);
                let run = (&writing, self.cancel);
                write_delivered_trees(&mut publication, delivery, accepted, made, before, run)?;
                self.check_cancelled()?;
            }
            TreeSource::NewestRows => write_stored_trees(self.schema, publication.change())?,
            TreeSource::Unchanged => {}
        }
        outcome.time(Stage::Publish, began);
        outcome.report.verdict = Verdict::Published;
        let record = RunRecord {
            report: &outcome.report,
            finished: outcome.finished(),
            tool_version: env!("CARGO_PKG_VERSION"),
            identities: &outcome.identities,
            quarantine: Box::new(quarantine),
        };
        archiving.finish()?;
        outcome.report.is_log_pending = publication.commit(approved, record)?;
        if let (Some(tenant_dir), Some(store)) = (self.tenant_dir, &store) {
            journaling::note(tenant_dir, store);
        }
        outcome.retime(Stage::Publish, began);
        Ok(reporter::report(outcome.report, self.reporter, delivery))
    }

    /// Which files are to the byte those of the delivery before, or hold the same records.
    fn unchanged(&self, delivery: &Delivery<'_>, base: &Base) -> PerFeed<bool> {
        PerFeed::from_fn(|feed| {
            let before = match (self.former, &self.background.published) {
                (Some(former), _) => former.sha256(feed),
                (None, Some(published)) => published.files[feed].sha256.as_deref(),
                (None, None) => None,
            };
            let to_the_byte = before.is_some() && before == delivery.files[feed].sha256.as_deref();
            to_the_byte || base.has_same_records(feed)
        })
    }

    /// Which feeds lack the end of the file that was published last. The database does not keep the order of lines, so
    /// the archived files are read; `None` if they are not there any more, or cannot be read.
    fn cut_off(
        &self,
        base: &Base,
        delivery: &Delivery<'_>,
        accepted: &PerFeed<Acceptance>,
        quarantined: &PerFeed<Vec<String>>,
    ) -> Option<PerFeed<bool>> {
        let (archive, gone) = base.published_files()?;
        let feeds: Vec<Feed> = Feed::ALL.into_iter().filter(|feed| gone[*feed] > 0).collect();
        let mut raw = archive::read_only(&self.tenant_dir?.join(archive), &feeds).ok()?;
        raw.load(Job::MAX_FILE_SIZE).ok()?;
        let known = (self.pinned, self.levels);
        let former = Former::parse(&raw, self.schema, known, &feeds).ok()?;
        let comparison = former.compare(delivery, accepted, quarantined);
        Some(former::cut_off(&comparison, &gone))
    }
}

/// Whether files of which rows are gone lack keys that others refer to, or end without a line end.
fn may_be_cut_off(findings: &[Finding], schema: &Schema, base: &Base) -> bool {
    /// Fewest keys that make it worth to read the last delivery again.
    const MISSING_KEYS: usize = 3;
    let Some((_, gone)) = base.published_files() else { return false };
    let lacks = |feed: Feed| {
        let names = |f: &Finding| {
            let mut references = schema.references.iter();
            references.any(|r| r.rule == f.code && r.feed == f.feed && r.target == feed)
        };
        findings.iter().any(|f| f.feed == feed && f.code == "F108")
            || findings.iter().filter(|f| names(f)).nth(MISSING_KEYS - 1).is_some()
    };
    Feed::ALL.into_iter().any(|feed| gone[feed] > 0 && lacks(feed))
}
