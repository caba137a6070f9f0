//! Records a run: the run itself, its files, findings and quarantined lines. Nothing is deleted later.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::model::{
    Approval, Feed, FileFacts, Finding, GateReason, Level, Message, RunId, RunReport, Verdict,
};
use crate::store::dates::iso;

/// A run, as it is to be recorded.
pub struct RunRecord<'a, 'q> {
    /// Its report.
    pub report: &'a RunReport,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// Version of the program.
    pub tool_version: &'a str,
    /// What makes each finding of the report the same in another delivery, in their order.
    pub identities: &'a [i64],
    /// The quarantined lines of all files, in the order in which they are to be stored.
    pub quarantine: Box<dyn Iterator<Item = QuarantinedLine<'q>> + 'q>,
}

impl fmt::Debug for RunRecord<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunRecord").field("run", &self.report.run).finish_non_exhaustive()
    }
}

/// A delivered line that was not published as new data.
#[derive(Debug, Clone)]
pub struct QuarantinedLine<'a> {
    /// The feed.
    pub feed: Feed,
    /// Name of the file as delivered.
    pub file: &'a str,
    /// Physical line, 1-based.
    pub line: u64,
    /// The line's bytes as delivered, without the line end.
    pub raw: &'a [u8],
    /// The line decoded, undecodable bytes replaced.
    pub text: Cow<'a, str>,
    /// Codes of the rules that put it there, sorted.
    pub rules: Cow<'a, [&'static str]>,
    /// The key of the record on the line; `None` if the line has none that can be read.
    pub key: Option<String>,
}

/// Writes the record into the open transaction. Of a failed run only the run itself is recorded, since its other
/// facts are incomplete.
pub(super) fn write(conn: &Connection, record: RunRecord<'_, '_>) -> rusqlite::Result<()> {
    let report = record.report;
    conn.execute(
        "insert into run (id, tenant, business_date, started, finished, verdict, reasons, timings, tool_version, \
           errors, warnings) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            report.run.0,
            report.tenant,
            iso(report.business_date),
            instant(report.started),
            instant(record.finished),
            report.verdict.name(),
            reasons(&report.reasons).to_string(),
            timings(report).to_string(),
            record.tool_version,
            count(report.count_of(Level::Error) + report.count_of(Level::Fatal)),
            count(report.count_of(Level::Warning)),
        ],
    )?;
    if report.verdict == Verdict::Failed {
        return Ok(());
    }
    if let (Verdict::Published, Some(approval)) = (report.verdict, &report.approval) {
        write_approval(conn, &report.run, approval)?;
    }
    write_files(conn, &report.run, &report.files)?;
    write_findings(conn, &report.run, &report.findings, record.identities)?;
    write_rules(conn, report)?;
    write_quarantine(conn, &report.run, record.quarantine)
}

/// An instant as the database holds it: UTC, to the millisecond.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn write_approval(conn: &Connection, run: &RunId, approval: &Approval) -> rusqlite::Result<()> {
    conn.execute(
        "insert into approval (run, refused_run, approved, approved_by, reason, waived) \
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            run.0,
            approval.refused.0,
            instant(approval.at),
            approval.by,
            approval.reason,
            reasons(&approval.waived).to_string(),
        ],
    )?;
    Ok(())
}

fn reasons(reasons: &[GateReason]) -> Value {
    let of = |message: &Message| (message.zh.to_string(), message.en.to_string());
    let reasons = reasons.iter().map(|reason| {
        let (zh, en) = of(&reason.message);
        json!({ "limit": reason.limit, "zh": zh, "en": en })
    });
    reasons.collect()
}

fn timings(report: &RunReport) -> Value {
    let timings = report.timings.iter().map(|timing| {
        let ms = u64::try_from(timing.took.as_millis()).unwrap_or(u64::MAX);
        json!({ "stage": timing.stage, "ms": ms })
    });
    timings.collect()
}

fn write_files(conn: &Connection, run: &RunId, files: &[FileFacts]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare(
        "insert into source_file (run, feed, name, sha256, size, mtime, encoding, delimiter, header, lines, rows, \
           quarantined, repeated, header_lines, blank, other) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    for file in files {
        insert.execute(params![
            run.0,
            file.feed.name(),
            file.name,
            file.sha256,
            count(file.size),
            file.mtime.map(instant),
            file.encoding,
            file.delimiter,
            file.header,
            count(file.lines),
            count(file.rows),
            count(file.quarantined),
            count(file.repeated),
            count(file.header_lines),
            count(file.blank),
            count(file.other),
        ])?;
    }
    Ok(())
}

/// SQLite stores 63-bit counts; no delivered count comes near the limit.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn write_findings(
    conn: &Connection,
    run: &RunId,
    findings: &[Finding],
    identities: &[i64],
) -> rusqlite::Result<()> {
    let mut insert = conn.prepare(
        "insert into finding (run, code, name, level, disposition, feed, line, lines, key, field, value, message_zh, \
           message_en, related, affected, first_seen, deliveries, identity, person_names) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?;
    let mut identities = identities.iter();
    for finding in findings {
        let related: Value = finding
            .related
            .iter()
            .map(|r| json!({ "feed": r.feed.name(), "line": r.line, "key": r.key }))
            .collect();
        insert.execute(params![
            run.0,
            finding.code,
            finding.name,
            finding.level.name(),
            finding.disposition.name(),
            finding.feed.name(),
            finding.line.map(count),
            json!(finding.lines).to_string(),
            finding.key,
            finding.field,
            finding.value,
            finding.message.zh,
            finding.message.en,
            related.to_string(),
            count(finding.affected),
            finding.age.map(|age| iso(age.first_seen)),
            finding.age.map(|age| count(age.deliveries)),
            identities.next(),
            json!(finding.names).to_string(),
        ])?;
    }
    Ok(())
}

fn write_rules(conn: &Connection, report: &RunReport) -> rusqlite::Result<()> {
    let mut insert =
        conn.prepare("insert into run_rule (run, code, findings) values (?1, ?2, ?3)")?;
    for code in &report.rules_run {
        let total = report.totals.get(code).copied().unwrap_or_default();
        insert.execute(params![report.run.0, code, count(total)])?;
    }
    Ok(())
}

fn write_quarantine<'a>(
    conn: &Connection,
    run: &RunId,
    lines: impl Iterator<Item = QuarantinedLine<'a>>,
) -> rusqlite::Result<()> {
    let mut insert = conn.prepare(
        "insert into quarantine (run, feed, file, line, raw, text, rules, key) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for line in lines {
        insert.execute(params![
            run.0,
            line.feed.name(),
            line.file,
            count(line.line),
            line.raw,
            line.text,
            line.rules.join(","),
            line.key,
        ])?;
    }
    Ok(())
}
