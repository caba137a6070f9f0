//! Writes the record of a run.

use rusqlite::{Connection, params};
use serde_json::json;

use crate::model::{Approval, FileFacts, Finding, Level, RunId, RunReport, Verdict};
use crate::store::dates::iso;
use crate::store::record::{QuarantinedLine, RunRecord, count, instant, reasons, related, timings};

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
            related(finding).to_string(),
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
