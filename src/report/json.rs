//! The `report.json` document; its JSON Schema is `schemas/report.schema.json`.
//!
//! The same delivery gives the same document, byte for byte but for times and the run's id. What the
//! document says is a promise to other programs, so it has types of its own and the model is free to change.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::model::{
    Approval, FileFacts, Finding, FormerDelivery, FormerFeed, GateReason, NotRunWhy, RunReport,
};

use super::file::{self, WriteError};

use super::json_causes::{CauseEntry, OrganEntry};
use super::json_history::{Age, Mended, Recent};
use super::json_text::{Text, text};

/// Name of the document within the report folder of a run.
pub const FILE_NAME: &str = "report.json";

/// The JSON Schema (2020-12) of the document.
pub const SCHEMA: &str = include_str!("../../schemas/report.schema.json");

/// Maximum number of findings of a code that are listed, and of vanished records of a file; the totals are true.
pub const MAX_FINDINGS: usize = 1_000;

/// Writes the document to `report.json` in the folder, which is made if it is not there, and returns
/// its path. The file appears complete or not at all.
///
/// # Errors
/// If the folder or the file cannot be written.
pub fn write(dir: &Path, report: &RunReport) -> Result<PathBuf, WriteError> {
    file::write(dir, FILE_NAME, |file| file.write_all(pretty(report)?.as_bytes()))
}

/// The document for people and files: indented, with a line break at its end.
///
/// # Errors
/// None that is known; serialising reports them in its type.
pub fn pretty(report: &RunReport) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&Document::of(report))?;
    text.push('\n');
    Ok(text)
}

/// The document on one line, with a line break at its end, for a stream of documents.
///
/// # Errors
/// As [`pretty`].
pub fn compact(report: &RunReport) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(&Document::of(report))?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    tool: Tool,
    run: &'a str,
    tenant: &'a str,
    tenant_name: Option<&'a str>,
    business_date: String,
    started: String,
    previous_date: Option<String>,
    verdict: &'static str,
    reasons: Vec<Reason<'a>>,
    approval: Option<ApprovalEntry<'a>>,
    files: Vec<File<'a>>,
    counts: BTreeMap<&'static str, Counts>,
    former: Option<Former<'a>>,
    rules_run: &'a [&'static str],
    rules_not_run: Vec<NotRun>,
    causes: Vec<CauseEntry<'a>>,
    findings: Vec<Entry<'a>>,
    mended: Option<Mended<'a>>,
    totals: &'a BTreeMap<&'static str, u64>,
    organs: Vec<OrganEntry<'a>>,
    recent: Vec<Recent<'a>>,
    stages: Vec<Stage>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Reason<'a> {
    limit: &'static str,
    message: Text<'a>,
}

/// Null unless the run publishes what another run had refused.
#[derive(Serialize)]
struct ApprovalEntry<'a> {
    refused_run: &'a str,
    at: String,
    by: &'a str,
    reason: &'a str,
    waived: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    feed: &'static str,
    name: &'a str,
    sha256: Option<&'a str>,
    size: u64,
    mtime: Option<String>,
    encoding: Option<&'a str>,
    delimiter: Option<&'a str>,
    header: Option<bool>,
    quotes: Option<&'a str>,
    lines: u64,
    rows: u64,
    quarantined: u64,
    repeated: u64,
    header_lines: u64,
    blank: u64,
    other: u64,
    previous_rows: Option<u64>,
}

/// The changes are null where the run never came to comparing with the snapshot.
#[derive(Serialize)]
struct Counts {
    rows: u64,
    quarantined: u64,
    repeated: u64,
    added: Option<u64>,
    changed: Option<u64>,
    removed: Option<u64>,
    carried: Option<u64>,
    unchanged: Option<u64>,
}

#[derive(Serialize)]
struct Former<'a> {
    folder: &'a str,
    vanished: BTreeMap<&'static str, Vanished<'a>>,
}

#[derive(Serialize)]
struct Vanished<'a> {
    file: &'a str,
    total: u64,
    at_end: bool,
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct Record<'a> {
    key: &'a str,
    line: u64,
}

#[derive(Serialize)]
struct NotRun {
    code: &'static str,
    why: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    name: &'static str,
    level: &'static str,
    disposition: &'static str,
    feed: &'static str,
    line: Option<u64>,
    lines: &'a [u64],
    key: Option<&'a str>,
    field: Option<&'a str>,
    value: Option<&'a str>,
    message: Text<'a>,
    related: Vec<Other<'a>>,
    affected: u64,
    hint: Option<Text<'a>>,
    cause: Option<usize>,
    age: Option<Age>,
}

#[derive(Serialize)]
struct Other<'a> {
    feed: &'static str,
    line: u64,
    key: &'a str,
}

#[derive(Serialize)]
struct Stage {
    stage: &'static str,
    seconds: f64,
}

impl<'a> Document<'a> {
    fn of(report: &'a RunReport) -> Document<'a> {
        Document {
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            run: &report.run.0,
            tenant: &report.tenant,
            tenant_name: report.tenant_name.as_deref(),
            business_date: report.business_date.to_string(),
            started: instant(report.started),
            previous_date: report.previous_date.map(|date| date.to_string()),
            verdict: report.verdict.name(),
            reasons: report.reasons.iter().map(reason).collect(),
            approval: report.approval.as_ref().map(approval),
            files: report.files.iter().map(file).collect(),
            counts: report.files.iter().map(|f| (f.feed.name(), counts(report, f))).collect(),
            former: report.former.as_ref().map(former),
            rules_run: &report.rules_run,
            rules_not_run: report
                .rules_not_run
                .iter()
                .map(|rule| NotRun { code: rule.code, why: why(rule.why) })
                .collect(),
            causes: report.causes.iter().map(CauseEntry::of).collect(),
            // Findings come sorted by code, so the first of each code are the first of its chunk.
            findings: report
                .findings
                .chunk_by(|a, b| a.code == b.code)
                .flat_map(|findings| findings.iter().take(MAX_FINDINGS))
                .map(entry)
                .collect(),
            mended: Mended::of(report),
            totals: &report.totals,
            organs: report.organs.iter().map(OrganEntry::of).collect(),
            recent: report.recent.iter().map(Recent::of).collect(),
            stages: report
                .timings
                .iter()
                .map(|t| Stage { stage: t.stage, seconds: t.took.as_millis() as f64 / 1_000.0 })
                .collect(),
        }
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn reason(reason: &GateReason) -> Reason<'_> {
    Reason { limit: reason.limit, message: text(&reason.message) }
}

fn approval(approval: &Approval) -> ApprovalEntry<'_> {
    ApprovalEntry {
        refused_run: &approval.refused.0,
        at: instant(approval.at),
        by: &approval.by,
        reason: &approval.reason,
        waived: approval.waived.iter().map(reason).collect(),
    }
}

fn file(facts: &FileFacts) -> File<'_> {
    File {
        feed: facts.feed.name(),
        name: &facts.name,
        sha256: facts.sha256.as_deref(),
        size: facts.size,
        mtime: facts.mtime.map(instant),
        encoding: facts.encoding.as_deref(),
        delimiter: facts.delimiter.as_deref(),
        header: facts.header,
        quotes: facts.quotes.as_deref(),
        lines: facts.lines,
        rows: facts.rows,
        quarantined: facts.quarantined,
        repeated: facts.repeated,
        header_lines: facts.header_lines,
        blank: facts.blank,
        other: facts.other,
        previous_rows: facts.previous_rows,
    }
}

fn counts(report: &RunReport, facts: &FileFacts) -> Counts {
    let changes = report.changes.get(&facts.feed);
    Counts {
        rows: facts.rows,
        quarantined: facts.quarantined,
        repeated: facts.repeated,
        added: changes.map(|c| c.added),
        changed: changes.map(|c| c.changed),
        removed: changes.map(|c| c.removed),
        carried: changes.map(|c| c.carried),
        unchanged: changes.map(|c| c.unchanged),
    }
}

fn vanished(feed: &FormerFeed) -> Vanished<'_> {
    let records = feed.vanished.iter().take(MAX_FINDINGS);
    Vanished {
        file: &feed.file,
        total: feed.vanished.len() as u64,
        at_end: feed.at_end,
        records: records.map(|record| Record { key: &record.key, line: record.line }).collect(),
    }
}

fn former(former: &FormerDelivery) -> Former<'_> {
    let feeds = former.feeds.iter().map(|(feed, of)| (feed.name(), vanished(of)));
    Former { folder: &former.folder, vanished: feeds.collect() }
}

fn why(why: NotRunWhy) -> String {
    match why {
        NotRunWhy::Off => "turned off by the job".to_owned(),
        NotRunWhy::FeedUnreadable(feed) => format!("the {feed} file could not be read"),
        NotRunWhy::NoPreviousSnapshot => "there is no previous snapshot to compare with".to_owned(),
    }
}

fn entry(finding: &Finding) -> Entry<'_> {
    Entry {
        code: finding.code,
        name: finding.name,
        level: finding.level.name(),
        disposition: finding.disposition.name(),
        feed: finding.feed.name(),
        line: finding.line,
        lines: &finding.lines,
        key: finding.key.as_deref(),
        field: finding.field.as_deref(),
        value: finding.value.as_deref(),
        message: text(&finding.message),
        related: finding
            .related
            .iter()
            .map(|other| Other { feed: other.feed.name(), line: other.line, key: &other.key })
            .collect(),
        affected: finding.affected,
        hint: finding.hint.as_ref().map(text),
        cause: finding.cause,
        age: finding.age.map(Age::of),
    }
}
