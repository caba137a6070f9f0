//! Writes the record of a run.

use crate::model::{FileFacts, Level, Verdict};
use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;
use crate::store::record::{RunRecord, count, instant, reasons, related, timings};

/// Writes the record into the open transaction. Of a failed run only the run itself is recorded, since its other
/// facts are incomplete.
pub(super) fn write(
    session: &mut Session,
    tenant: i32,
    record: RunRecord<'_, '_>,
) -> Result<(), StoreError> {
    let report = record.report;
    let run = &report.run.0;
    session.execute(
        &format!(
            "insert into {TABLES}.run (tenant_id, id, tenant, business_date, started, finished, verdict, reasons, \
             timings, tool_version, errors, warnings) \
             values ($1, $2, $3, $4, $5::text::timestamptz, $6::text::timestamptz, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            &tenant,
            run,
            &report.tenant,
            &report.business_date,
            &instant(report.started),
            &instant(record.finished),
            &report.verdict.name(),
            &reasons(&report.reasons).to_string(),
            &timings(report).to_string(),
            &record.tool_version,
            &count(report.count_of(Level::Error) + report.count_of(Level::Fatal)),
            &count(report.count_of(Level::Warning)),
        ],
    )?;
    if report.verdict == Verdict::Failed {
        return Ok(());
    }
    if let (Verdict::Published, Some(approval)) = (report.verdict, &report.approval) {
        session.execute(
            &format!(
                "insert into {TABLES}.approval (tenant_id, run, refused_run, approved, approved_by, reason, waived) \
                 values ($1, $2, $3, $4::text::timestamptz, $5, $6, $7)"
            ),
            &[
                &tenant,
                run,
                &approval.refused.0,
                &instant(approval.at),
                &approval.by,
                &approval.reason,
                &reasons(&approval.waived).to_string(),
            ],
        )?;
    }
    for file in &report.files {
        write_file(session, tenant, run, file)?;
    }
    let into = format!(
        "{TABLES}.finding (tenant_id, run, place, code, name, level, disposition, feed, line, lines, key, field, \
         value, message_zh, message_en, related, affected, first_seen, deliveries, identity, person_names)"
    );
    session.copy_in(&into, |copy| {
        for (place, finding) in (0..).zip(&report.findings) {
            let identity = usize::try_from(place).ok().and_then(|at| record.identities.get(at));
            copy.row(21)?;
            copy.int4(tenant);
            copy.text(Some(run));
            copy.int8(place);
            copy.text(Some(finding.code));
            copy.text(Some(finding.name));
            copy.text(Some(finding.level.name()));
            copy.text(Some(finding.disposition.name()));
            copy.text(Some(finding.feed.name()));
            copy.int8_or_null(finding.line.map(count));
            copy.text(Some(&serde_json::json!(finding.lines).to_string()));
            copy.any_text(finding.key.as_deref());
            copy.any_text(finding.field.as_deref());
            copy.any_text(finding.value.as_deref());
            copy.any_text(Some(&finding.message.zh));
            copy.any_text(Some(&finding.message.en));
            copy.text(Some(&related(finding).to_string()));
            copy.int8(count(finding.affected));
            copy.date_or_null(finding.age.map(|age| age.first_seen));
            copy.int8_or_null(finding.age.map(|age| count(age.deliveries)));
            copy.int8_or_null(identity.copied());
            copy.text(Some(&serde_json::json!(finding.names).to_string()));
        }
        Ok(())
    })?;
    session.copy_in(&format!("{TABLES}.run_rule (tenant_id, run, code, findings)"), |copy| {
        for code in &report.rules_run {
            copy.row(4)?;
            copy.int4(tenant);
            copy.text(Some(run));
            copy.text(Some(code));
            copy.int8(count(report.totals.get(code).copied().unwrap_or_default()));
        }
        Ok(())
    })?;
    let into = format!(
        "{TABLES}.quarantine (tenant_id, run, place, feed, file, line, raw, text, rules, key)"
    );
    session.copy_in(&into, |copy| {
        for (place, line) in (0..).zip(record.quarantine) {
            copy.row(10)?;
            copy.int4(tenant);
            copy.text(Some(run));
            copy.int8(place);
            copy.text(Some(line.feed.name()));
            copy.text(Some(line.file));
            copy.int8(count(line.line));
            copy.bytes(line.raw);
            copy.any_text(Some(&line.text));
            copy.text(Some(&line.rules.join(",")));
            copy.any_text(line.key.as_deref());
        }
        Ok(())
    })?;
    Ok(())
}

fn write_file(
    session: &mut Session,
    tenant: i32,
    run: &str,
    file: &FileFacts,
) -> Result<(), StoreError> {
    let sql = format!(
        "insert into {TABLES}.source_file (tenant_id, run, feed, name, sha256, size, mtime, encoding, delimiter, \
         header, lines, rows, quarantined, repeated, header_lines, blank, other) \
         values ($1, $2, $3, $4, $5, $6, $7::text::timestamptz, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    session
        .execute(
            &sql,
            &[
                &tenant,
                &run,
                &file.feed.name(),
                &file.name,
                &file.sha256,
                &count(file.size),
                &file.mtime.map(instant),
                &file.encoding,
                &file.delimiter,
                &file.header,
                &count(file.lines),
                &count(file.rows),
                &count(file.quarantined),
                &count(file.repeated),
                &count(file.header_lines),
                &count(file.blank),
                &count(file.other),
            ],
        )
        .map(drop)
}
