//! The report of a run while it is being built.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use xxhash_rust::xxh3::xxh3_64;

use crate::causes;
use crate::decode::Detected;
use crate::delivery::{Acceptance, Delivery, FileState};
use crate::fetch::{Fetched, RawDelivery};
use crate::model::{
    Feed, FileFacts, Finding, GateReason, PerFeed, RunId, RunReport, StageTiming, Verdict,
};
use crate::parse::{Layout, Unparsable};
use crate::propose;
use crate::rules::Checked;
use crate::store::{QuarantinedLine, RunRecord, Store};

use super::error::RunError;
use super::person_names::PersonNames;
use super::stage::Stage;

/// Number of findings of a code that carry the delivered line.
const EXCERPTS: usize = 20;

/// Number of causes of which a finding carries the delivered line.
const CAUSES_SHOWN: usize = 10;

/// Quarantined lines on their way into the database.
pub(super) type Quarantine<'q> = Box<dyn Iterator<Item = QuarantinedLine<'q>> + 'q>;

/// The id of the run that begins at `now` for a tenant and a business date, so that whoever starts a run can
/// name it before it begins.
pub fn run_id(tenant: &str, now: DateTime<Utc>, date: NaiveDate) -> RunId {
    let seed = format!("{tenant} {date} {}", now.timestamp_nanos_opt().unwrap_or_default());
    RunId(format!("{}-{:04x}", now.format("%Y%m%d-%H%M%S"), xxh3_64(seed.as_bytes()) & 0xFFFF))
}

/// A report that is not complete yet.
pub(super) struct Outcome {
    pub(super) report: RunReport,
    /// What makes each finding the same in another delivery.
    pub(super) identities: Vec<i64>,
    began: Instant,
}

impl Outcome {
    pub(super) fn new(tenant: &str, now: DateTime<Utc>, date: NaiveDate) -> Outcome {
        let report = RunReport {
            run: run_id(tenant, now, date),
            tenant: tenant.to_owned(),
            tenant_name: None,
            business_date: date,
            started: now,
            timezone: chrono_tz::Asia::Shanghai,
            verdict: Verdict::Failed,
            reasons: Vec::new(),
            approval: None,
            previous_date: None,
            newest_date: None,
            files: Vec::new(),
            changes: Default::default(),
            former: None,
            rules_run: Vec::new(),
            rules_not_run: Vec::new(),
            findings: Vec::new(),
            totals: Default::default(),
            causes: Vec::new(),
            mended: None,
            mended_totals: Default::default(),
            organs: Vec::new(),
            recent: Vec::new(),
            timings: Vec::new(),
            database: None,
            report_files: Default::default(),
            is_log_pending: false,
        };
        Outcome { report, identities: Vec::new(), began: Instant::now() }
    }

    /// Notes how long a stage took.
    pub(super) fn time(&mut self, stage: Stage, began: Instant) {
        self.report.timings.push(StageTiming { stage: stage.name(), took: began.elapsed() });
    }

    /// Notes again how long the last stage took, now that it is over.
    pub(super) fn retime(&mut self, stage: Stage, began: Instant) {
        self.report.timings.retain(|timing| timing.stage != stage.name());
        self.time(stage, began);
    }

    /// When the run ended, or would if it ended now.
    pub(super) fn finished(&self) -> DateTime<Utc> {
        let took: Duration = self.began.elapsed();
        self.report.started + TimeDelta::from_std(took).unwrap_or_default()
    }

    pub(super) fn refuse(&mut self, reasons: Vec<GateReason>) {
        self.report.verdict = Verdict::Refused;
        self.report.reasons = reasons;
    }

    /// Adds the findings of the rules and the line counts of each file.
    pub(super) fn take(
        &mut self,
        raw: &RawDelivery,
        delivery: &Delivery<'_>,
        accepted: &PerFeed<Acceptance>,
        checked: Checked,
    ) {
        let files = delivery.files.iter().zip(&raw.files).zip(accepted);
        self.report.files =
            files.map(|((file, raw), accepted)| facts(&file.state, raw, accepted)).collect();
        self.report.findings = checked.findings;
        self.report.totals = checked.totals;
        self.report.rules_run = checked.run;
        self.report.rules_not_run = checked.not_run;
        self.add_hints(raw, delivery);
        let persons = PersonNames { schema: delivery.schema };
        self.report.findings.iter_mut().for_each(|finding| persons.note(finding));
        self.add_excerpts(delivery, persons);
    }

    /// Finds what explains the findings, and where in the organisation they are; the first causes can show a line.
    pub(super) fn explain(&mut self, facts: &causes::Facts<'_, '_>) {
        let explained = causes::explain(facts, &mut self.report.findings, &self.report.totals);
        self.report.causes = explained.causes;
        self.report.organs = explained.organs;
        let mut lacks = vec![true; self.report.causes.len().min(CAUSES_SHOWN)];
        let mut of_causes: Vec<&mut Finding> = Vec::new();
        for finding in &mut self.report.findings {
            let Some(lacks) = finding.cause.and_then(|cause| lacks.get_mut(cause)) else {
                continue;
            };
            if finding.line.is_some() && std::mem::take(lacks) && finding.excerpt.is_none() {
                of_causes.push(finding);
            }
        }
        let delivery = facts.rows.delivery;
        let persons = PersonNames { schema: delivery.schema };
        for finding in of_causes {
            finding.excerpt = excerpt(delivery, finding, persons);
        }
    }

    fn add_hints(&mut self, raw: &RawDelivery, delivery: &Delivery<'_>) {
        let names = PerFeed::from_fn(|feed| delivery.files[feed].name.clone());
        let is_key = |feed, key: &str| {
            delivery.readable(feed).is_some_and(|file| file.index.find(file.keys, key).is_some())
        };
        let count = |feed, field: &str, text: &str| {
            let cells = delivery.readable(feed).and_then(|file| file.parsed.table.text(field));
            cells.map_or(0, |cells| cells.iter().filter(|cell| *cell == Some(text)).count() as u64)
        };
        let background = propose::Background { names: &names, is_key: &is_key, count: &count };
        let findings = &mut self.report.findings;
        propose::add_hints(delivery.schema, findings, &background);
        let samples = PerFeed::from_fn(|feed| match raw.file(feed) {
            Fetched::File(file) => Some(propose::Sample { name: &file.name, bytes: file.bytes() }),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => None,
        });
        propose::add_line_hints(delivery.schema, &samples, findings);
        for feed in Feed::ALL {
            let Some(file) = delivery.readable(feed) else { continue };
            let is_of_feed = |f: &&mut Finding| f.feed == feed && f.code == "R202";
            let mut undecodable: Vec<&mut Finding> =
                findings.iter_mut().filter(is_of_feed).collect();
            let line = |f: &&mut Finding| usize::try_from(f.line?).ok()?.checked_sub(1);
            let mut lines: Vec<usize> = undecodable.iter().filter_map(line).collect();
            lines.dedup();
            if let Some(first) = undecodable.first_mut() {
                first.hint = propose::other_encoding(&file.parsed.lines, &lines);
            }
        }
    }

    fn add_excerpts(&mut self, delivery: &Delivery<'_>, persons: PersonNames<'_>) {
        for findings in self.report.findings.chunk_by_mut(|a, b| a.code == b.code) {
            for finding in findings.iter_mut().take(EXCERPTS) {
                finding.excerpt = excerpt(delivery, finding, persons);
            }
        }
    }

    /// Records the run as failed, where the database can be written; the fault that made it fail is the one to report.
    pub(super) fn record_failed(mut self, store: Option<&mut Store>, dry: bool) {
        self.report.verdict = Verdict::Failed;
        if let Err(second) = self.record(store, dry, Box::new(std::iter::empty())) {
            tracing::warn!("the failed run could not be recorded: {second}");
        }
    }

    /// Records a run that published nothing, unless it is a dry run, and returns its report.
    pub(super) fn record(
        self,
        store: Option<&mut Store>,
        dry: bool,
        quarantine: Quarantine<'_>,
    ) -> Result<RunReport, RunError> {
        if let Some(store) = store.filter(|_| !dry) {
            store.record_run(RunRecord {
                report: &self.report,
                finished: self.finished(),
                tool_version: env!("CARGO_PKG_VERSION"),
                identities: &self.identities,
                quarantine,
            })?;
        }
        Ok(self.report)
    }
}

fn excerpt(
    delivery: &Delivery<'_>,
    finding: &Finding,
    persons: PersonNames<'_>,
) -> Option<crate::model::Excerpt> {
    let line = usize::try_from(finding.line?).ok()?.checked_sub(1)?;
    let FileState::Parsed(parsed, _) = &delivery.files[finding.feed].state else {
        return None;
    };
    let schema = delivery.schema.feed(finding.feed);
    let field = finding.field.as_deref().and_then(|field| schema.position(field));
    Some(parsed.excerpt(line, field, &|field, cell| persons.is_name(finding.feed, field, cell)))
}

fn facts(state: &FileState<'_>, raw: &Fetched, accepted: &Acceptance) -> FileFacts {
    let mut facts = FileFacts {
        feed: raw.feed(),
        name: raw.name().to_owned(),
        sha256: None,
        size: 0,
        mtime: None,
        encoding: None,
        delimiter: None,
        header: None,
        lines: 0,
        rows: 0,
        quarantined: 0,
        repeated: 0,
        header_lines: 0,
        blank: 0,
        other: 0,
        quotes: None,
        previous_rows: None,
    };
    match raw {
        Fetched::File(file) => {
            facts.sha256 = Some(file.sha256.clone());
            facts.size = file.size;
            facts.mtime = file.mtime;
        }
        Fetched::Oversized { size, .. } => facts.size = *size,
        Fetched::Missing { .. } => {}
    }
    let mut lay_out = |detected: Detected, layout: Option<&Layout>| {
        facts.encoding = Some(detected.name().to_owned());
        facts.delimiter = layout.map(|l| l.delimiter.clone());
        facts.header = layout.map(|l| l.header.is_some());
        facts.quotes = layout.map(|l| l.quotes.name().to_owned());
    };
    match state {
        FileState::Parsed(parsed, _) => {
            lay_out(parsed.lines.detected(), Some(&parsed.layout));
            facts.lines = parsed.lines.len() as u64;
            facts.rows = accepted.order.len() as u64;
            facts.quarantined = accepted.quarantined.len() as u64;
            facts.repeated = accepted.repeated;
            facts.header_lines = u64::from(parsed.layout.header.is_some());
            facts.blank = parsed.blank;
            facts.other = parsed.other;
        }
        FileState::Unparsable(Unparsable::Header(layout, detected)) => {
            lay_out(*detected, Some(layout));
        }
        FileState::Unparsable(
            Unparsable::Layout(_, detected) | Unparsable::SkippedHeader(_, detected),
        ) => lay_out(*detected, None),
        FileState::Unparsable(Unparsable::Empty { .. } | Unparsable::Encoding(_))
        | FileState::Missing { .. }
        | FileState::Oversized { .. } => {}
    }
    facts
}
