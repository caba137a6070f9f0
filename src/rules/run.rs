//! Running the catalogue over a delivery.

use std::collections::BTreeMap;

use crate::delivery::{Acceptance, Delivery, FileState, QuarantinedLine};
use crate::links::{Links, Target};
use crate::model::{Disposition, Feed, Finding, Level, NotRun, NotRunWhy, PerFeed, Previous};

use super::{
    CATALOGUE, Check, Levels, LineContext, RowContext, Rule, Sink, SnapshotContext, Unreadable,
};

/// What the rules found so far.
#[derive(Debug, Default)]
pub struct Checked {
    /// Findings sorted by code, feed, line; at most [`Sink::MAX_KEPT`] a code.
    pub findings: Vec<Finding>,
    /// True number of findings by code; only codes that fired.
    pub totals: BTreeMap<&'static str, u64>,
    /// Codes of the rules that were run, in order.
    pub run: Vec<&'static str>,
    /// Rules that were not run, in order.
    pub not_run: Vec<NotRun>,
}

/// Runs the rules that see every line, and settles which rows are accepted.
pub fn check_lines(delivery: &mut Delivery<'_>, levels: &Levels) -> (Checked, PerFeed<Acceptance>) {
    let mut checked = Checked::default();
    let mut lines: PerFeed<Vec<(u32, &'static str)>> = PerFeed::default();
    let context = LineContext { delivery };
    for (rule, level) in CATALOGUE.iter().map(|rule| (rule, levels.level(&rule.meta))) {
        let Check::Lines(check) = rule.check else { continue };
        if level == Level::Off {
            checked.skip(rule, NotRunWhy::Off);
            continue;
        }
        let mut sink = Sink::new(&rule.meta, level);
        check(&context, &mut sink);
        for (all, marked) in lines.iter_mut().zip(&sink.quarantine) {
            all.extend(marked.iter().map(|line| (*line, rule.meta.code)));
        }
        checked.take(rule, sink);
    }
    let schema = delivery.schema;
    let accepted = PerFeed::from_fn(|feed| {
        let lines = grouped(std::mem::take(&mut lines[feed]));
        Acceptance::settle(&mut delivery.files[feed], schema.feed(feed), lines)
    });
    (checked, accepted)
}

/// Runs the rules that see accepted rows. Findings are in their order once [`check_snapshot`] has run.
pub fn check_rows(context: &RowContext<'_, '_>, levels: &Levels, checked: &mut Checked) {
    for (rule, level) in CATALOGUE.iter().map(|rule| (rule, levels.level(&rule.meta))) {
        let Check::Rows(check) = rule.check else { continue };
        if level == Level::Off {
            checked.skip(rule, NotRunWhy::Off);
            continue;
        }
        let mut sink = Sink::new(&rule.meta, level);
        checked.take_unless_unreadable(rule, check(context, &mut sink), sink);
    }
}

/// Runs the rules that look at the snapshot before, if there is one, and puts all findings in their order.
pub fn check_snapshot(
    rows: RowContext<'_, '_>,
    previous: Option<&Previous>,
    levels: &Levels,
    checked: &mut Checked,
) {
    for (rule, level) in CATALOGUE.iter().map(|rule| (rule, levels.level(&rule.meta))) {
        let Check::Snapshot(check) = rule.check else { continue };
        match previous {
            _ if level == Level::Off => checked.skip(rule, NotRunWhy::Off),
            None => checked.skip(rule, NotRunWhy::NoPreviousSnapshot),
            Some(previous) => {
                let mut sink = Sink::new(&rule.meta, level);
                let done = check(&SnapshotContext { rows, previous }, &mut sink);
                checked.take_unless_unreadable(rule, done, sink);
            }
        }
    }
    checked.findings.sort_by(|a, b| (a.code, a.feed, a.line).cmp(&(b.code, b.feed, b.line)));
    checked.run.sort_unstable();
    checked.not_run.sort_unstable_by_key(|rule| rule.code);
}

/// Lines with the codes that marked them, each line once.
fn grouped(mut marks: Vec<(u32, &'static str)>) -> Vec<QuarantinedLine> {
    marks.sort_unstable();
    marks.dedup();
    let line = |group: &[(u32, &'static str)]| QuarantinedLine {
        line: group[0].0,
        rules: group.iter().map(|(_, code)| *code).collect(),
    };
    marks.chunk_by(|a, b| a.0 == b.0).map(line).collect()
}

impl Checked {
    fn skip(&mut self, rule: &Rule, why: NotRunWhy) {
        self.not_run.push(NotRun { code: rule.meta.code, why });
    }

    fn take_unless_unreadable(&mut self, rule: &Rule, done: Result<(), Unreadable>, sink: Sink) {
        match done {
            Ok(()) => self.take(rule, sink),
            Err(Unreadable(feed)) => self.skip(rule, NotRunWhy::FeedUnreadable(feed)),
        }
    }

    fn take(&mut self, rule: &Rule, sink: Sink) {
        self.run.push(rule.meta.code);
        if sink.total > 0 {
            self.totals.insert(rule.meta.code, sink.total);
            let first = self.findings.len();
            self.findings.extend(sink.kept);
            // The catalogue is in code order; a rule reports feed by feed, but only its first lines are in order.
            self.findings[first..].sort_by_key(|finding| (finding.feed, finding.line));
        }
    }
}

/// Writes into the findings that put rows into quarantine how many edges are left out of a forest because
/// they lead to those rows.
pub fn note_left_out_edges(
    findings: &mut [Finding],
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    links: &Links<'_>,
) {
    // By the line of the row that the edges lead to.
    let mut left_out: BTreeMap<(Feed, u64), u64> = BTreeMap::new();
    for forest in &delivery.schema.forests {
        let Some(link) = links.of(forest.feed, &forest.parent) else { continue };
        let Some(file) = delivery.readable(forest.feed) else { continue };
        let acceptance = &accepted[forest.feed];
        for row in &acceptance.order {
            let line = match link.target(*row) {
                Target::Row(parent) if !acceptance.accepts(parent) => file.line(parent),
                Target::Presumed(line) => u64::from(line),
                Target::Row(_) | Target::Empty | Target::Unknown => continue,
            };
            *left_out.entry((forest.feed, line)).or_default() += 1;
        }
    }
    if left_out.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|f| f.disposition == Disposition::Quarantine) {
        let FileState::Parsed(..) = delivery.files[finding.feed].state else { continue };
        let edges = finding.lines.iter().filter_map(|line| left_out.get(&(finding.feed, *line)));
        finding.affected = edges.sum();
    }
}
