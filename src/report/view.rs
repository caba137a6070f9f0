//! What a report says of a run, and in which order; how it looks is not its business.
//!
//! Rules that fired come with the highest level first, within a level by how many rows they concern, then by code.
//! Findings of a rule that say the same are one [`EqualFindings`] with a count, so that a file cut in the middle is
//! one line to read and not ten thousand.

mod cause_sentences;
mod sentences;
mod vanished;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Cause, Disposition, Feed, FeedChanges, FileFacts, Finding, FormerFeed, Level, Message,
    NotRunWhy, PerFeed, RuleMeta, RunReport, StageTiming, Verdict,
};

/// The content of a report.
#[derive(Debug)]
pub struct View<'a> {
    /// The run itself.
    pub report: &'a RunReport,
    /// The stages that were run, in order.
    pub stages: Vec<Stage<'a>>,
    /// One a delivered file, in report order.
    pub files: Vec<FileRow<'a>>,
    /// What explains the findings, in the order of the report.
    pub causes: Vec<CauseRow<'a>>,
    /// Rules that fired, worst first.
    pub rules: Vec<FiredRule<'a>>,
    /// Rules that were not run, by why, in the order in which each reason first occurs.
    pub not_run: Vec<(NotRunWhy, Vec<&'static str>)>,
    /// True number of findings by level; only levels that occur, the highest first.
    pub levels: Vec<(Level, u64)>,
}

/// A stage and how it went.
#[derive(Debug, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Which, and how long it took.
    pub timing: &'a StageTiming,
    /// Whether all of the delivery came through it.
    pub complete: bool,
}

/// A delivered file in the table of files.
#[derive(Debug, PartialEq, Eq)]
pub struct FileRow<'a> {
    /// What is known of it.
    pub facts: &'a FileFacts,
    /// Number of findings in it, of those that the run holds.
    pub findings: u64,
    /// What publishing did to its table, if it came so far.
    pub changes: Option<&'a FeedChanges>,
}

/// A cause with a finding that shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct CauseRow<'a> {
    /// The cause.
    pub cause: &'a Cause,
    /// The first of its findings that can show its line, or else the first of all.
    pub finding: Option<&'a Finding>,
}

/// A rule that fired.
#[derive(Debug, PartialEq, Eq)]
pub struct FiredRule<'a> {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// One line on what it means; `None` if the given catalogue does not know the code.
    pub summary: Option<&'a Message>,
    /// The level of this run.
    pub level: Level,
    /// What happens to the data; `None` for rows that would be published as delivered where nothing is published.
    pub disposition: Option<Disposition>,
    /// True number of findings.
    pub total: u64,
    /// Number of rows concerned, at least `total`.
    pub affected: u64,
    /// Its findings, equal ones together; those that can show their line first, then those that concern most
    /// rows, then by place.
    pub groups: Vec<EqualFindings<'a>>,
}

/// The title of a rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTitle {
    /// Level and code, such as `error[V203]`; the text begins with it.
    pub label: String,
    /// The whole title.
    pub text: String,
}

/// Findings of one rule that say the same.
#[derive(Debug, PartialEq, Eq)]
pub struct EqualFindings<'a> {
    /// The first of them, or the first that can show its line.
    pub finding: &'a Finding,
    /// How many there are.
    pub count: u64,
    /// Number of rows that they concern together.
    pub affected: u64,
    /// What a job could say about them.
    pub hint: Option<&'a Message>,
}

/// The vanished records of one feed; at least one.
#[derive(Debug, Clone, Copy)]
pub struct VanishedOfFeed<'a> {
    folder: &'a str,
    feed: Feed,
    former: &'a FormerFeed,
}

impl<'a> View<'a> {
    /// Arranges a run. `catalogue` knows the summaries of the rules.
    pub fn new(report: &'a RunReport, catalogue: &[&'a RuleMeta]) -> View<'a> {
        let mut in_feed = PerFeed::<u64>::default();
        for finding in &report.findings {
            in_feed[finding.feed] += 1;
        }
        let files = report
            .files
            .iter()
            .map(|facts| FileRow {
                facts,
                findings: in_feed[facts.feed],
                changes: report.changes.get(&facts.feed),
            })
            .collect();
        let rules = fired(report, catalogue);
        View {
            report,
            stages: stages(report),
            files,
            causes: causes(report),
            rules,
            levels: levels(report),
            not_run: not_run(report),
        }
    }

    /// The feeds that lack records of the former delivery.
    pub fn vanished(&self) -> Vec<VanishedOfFeed<'_>> {
        let Some(former) = &self.report.former else { return Vec::new() };
        let feeds = former.feeds.iter().filter(|(_, of)| !of.vanished.is_empty());
        feeds
            .map(|(feed, of)| VanishedOfFeed { folder: &former.folder, feed: *feed, former: of })
            .collect()
    }

    /// The highest level that occurs; none if nothing was found.
    pub fn worst(&self) -> Option<Level> {
        self.levels.first().map(|(level, _)| *level)
    }

    /// Whether something is wrong with the delivery that its provider should correct.
    pub fn has_errors(&self) -> bool {
        self.report.verdict == Verdict::Refused || self.worst() >= Some(Level::Error)
    }
}

fn causes(report: &RunReport) -> Vec<CauseRow<'_>> {
    let row = |cause| CauseRow { cause, finding: None };
    let mut rows: Vec<CauseRow<'_>> = report.causes.iter().map(row).collect();
    for finding in &report.findings {
        let Some(row) = finding.cause.and_then(|at| rows.get_mut(at)) else { continue };
        let shows = |finding: &Finding| finding.excerpt.is_some();
        if row.finding.is_none_or(|first| shows(finding) && !shows(first)) {
            row.finding = Some(finding);
        }
    }
    rows
}

fn stages(report: &RunReport) -> Vec<Stage<'_>> {
    let unreadable =
        report.rules_not_run.iter().any(|rule| matches!(rule.why, NotRunWhy::FeedUnreadable(_)));
    let complete = |stage: &str| match stage {
        "fetch" => report.files.iter().all(was_read),
        "parse" => report.files.iter().all(|f| was_read(f) && f.quarantined == 0) && !unreadable,
        "check" => !unreadable,
        "publish" => report.verdict == Verdict::Published,
        _ => true,
    };
    report.timings.iter().map(|timing| Stage { timing, complete: complete(timing.stage) }).collect()
}

/// Whether the file came at all and was not too large to be read.
pub(super) fn was_read(facts: &FileFacts) -> bool {
    facts.sha256.is_some()
}

fn fired<'a>(report: &'a RunReport, catalogue: &[&'a RuleMeta]) -> Vec<FiredRule<'a>> {
    // Findings come sorted by code, so each rule's are one run of the list.
    let mut rules: Vec<FiredRule<'a>> = report
        .findings
        .chunk_by(|a, b| a.code == b.code)
        .map(|findings| {
            let first = &findings[0];
            let groups = equal(findings);
            let listed = findings.len() as u64;
            let total = report.totals.get(first.code).copied().unwrap_or(listed).max(listed);
            let affected: u64 = groups.iter().map(|group| group.affected).sum();
            FiredRule {
                code: first.code,
                name: first.name,
                summary: catalogue.iter().find(|meta| meta.code == first.code).map(|m| &m.summary),
                // A rule may report in two levels (S801); the header shows the higher one.
                level: findings.iter().map(|f| f.level).max().unwrap_or(first.level),
                disposition: report.happens(first.disposition),
                total,
                affected: affected.max(total),
                groups,
            }
        })
        .collect();
    rules.sort_by(|a, b| {
        (b.level, b.affected).cmp(&(a.level, a.affected)).then_with(|| a.code.cmp(b.code))
    });
    rules
}

/// Puts findings together that differ in nothing but their place. The slice is not empty.
fn equal(findings: &[Finding]) -> Vec<EqualFindings<'_>> {
    let mut known: BTreeMap<(Feed, Option<&str>, &str), usize> = BTreeMap::new();
    let mut groups: Vec<EqualFindings<'_>> = Vec::new();
    for finding in findings {
        let same = (finding.feed, finding.field.as_deref(), finding.message.en.as_ref());
        let at = *known.entry(same).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => {
                group.count += 1;
                group.affected += finding.affected;
                group.hint = group.hint.or(finding.hint.as_ref());
                if group.finding.excerpt.is_none() && finding.excerpt.is_some() {
                    group.finding = finding;
                }
            }
            None => groups.push(EqualFindings {
                finding,
                count: 1,
                affected: finding.affected,
                hint: finding.hint.as_ref(),
            }),
        }
    }
    // Those that can show their line first, of these the ones with a hint, then the gravest; stable, so equally grave ones stay in the
    // order of the file.
    groups.sort_by_key(|group| {
        let plain = group.finding.excerpt.is_none();
        (plain, group.hint.is_none(), std::cmp::Reverse(group.affected))
    });
    groups
}

fn levels(report: &RunReport) -> Vec<(Level, u64)> {
    let counts = Level::ALL.into_iter().rev().map(|level| (level, report.count_of(level)));
    counts.filter(|(_, number)| *number > 0).collect()
}

fn not_run(report: &RunReport) -> Vec<(NotRunWhy, Vec<&'static str>)> {
    let mut groups: Vec<(NotRunWhy, BTreeSet<&'static str>)> = Vec::new();
    for rule in &report.rules_not_run {
        match groups.iter_mut().find(|(why, _)| *why == rule.why) {
            Some((_, codes)) => {
                codes.insert(rule.code);
            }
            None => groups.push((rule.why, BTreeSet::from([rule.code]))),
        }
    }
    groups.into_iter().map(|(why, codes)| (why, codes.into_iter().collect())).collect()
}
