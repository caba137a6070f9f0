//! The list of recorded runs.

use rusqlite::{Connection, Row};

use crate::model::{Message, RunId};
use crate::store::run_row::{RunRow, StoredApproval, StoredReason, StoredRetraction};
use crate::store::sqlite::later_tables::{APPROVAL, RETRACTION, table_or_none};

/// The recorded runs, newest first, at most `limit`.
pub(super) fn read(conn: &Connection, limit: usize) -> rusqlite::Result<Vec<RunRow>> {
    let approval = table_or_none(conn, "approval", &APPROVAL)?;
    let retraction = table_or_none(conn, "retraction", &RETRACTION)?;
    let mut statement = conn.prepare(&format!(
        "select run.id, tenant, run.business_date, started, finished, verdict, reasons, timings, \
         tool_version, \
         (select coalesce(sum(rows), 0) from source_file where run = run.id), \
         (select coalesce(sum(quarantined), 0) from source_file where run = run.id), \
         errors, \
         exists (select 1 from snapshot where run = run.id), warnings, \
         approval.refused_run, approval.approved, approval.approved_by, approval.reason, \
         (select a.run from {approval} as a where a.refused_run = run.id), \
         retraction.retracted, retraction.retracted_by, retraction.reason \
         from run left join {approval} as approval on approval.run = run.id \
         left join {retraction} as retraction on retraction.run = run.id \
         order by started desc, id desc limit ?1",
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map([limit], run_row)?.collect()
}

fn approval(row: &Row<'_>) -> rusqlite::Result<Option<StoredApproval>> {
    let Some(refused) = row.get::<_, Option<String>>(14)?.map(RunId) else { return Ok(None) };
    Ok(Some(StoredApproval { refused, at: row.get(15)?, by: row.get(16)?, reason: row.get(17)? }))
}

fn retraction(row: &Row<'_>) -> rusqlite::Result<Option<StoredRetraction>> {
    let Some(at) = row.get(19)? else { return Ok(None) };
    Ok(Some(StoredRetraction { at, by: row.get(20)?, reason: row.get(21)? }))
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let count = |at: usize| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or_default());
    let list = |at: usize| -> rusqlite::Result<Vec<serde_json::Value>> {
        let text: String = row.get(at)?;
        serde_json::from_str(&text).map_err(|error| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(at, kind, Box::new(error))
        })
    };
    let text = |value: &serde_json::Value, key: &str| {
        value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let reasons = list(6)?.into_iter().map(|reason| StoredReason {
        limit: text(&reason, "limit"),
        message: Message::new(text(&reason, "zh"), text(&reason, "en")),
    });
    let timings = list(7)?.into_iter().map(|timing| {
        let ms = timing.get("ms").and_then(serde_json::Value::as_u64);
        (text(&timing, "stage"), ms.unwrap_or_default())
    });
    Ok(RunRow {
        run: RunId(row.get(0)?),
        tenant: row.get(1)?,
        business_date: row.get(2)?,
        started: row.get(3)?,
        finished: row.get(4)?,
        verdict: row.get(5)?,
        reasons: reasons.collect(),
        timings: timings.collect(),
        tool_version: row.get(8)?,
        rows: count(9)?,
        quarantined: count(10)?,
        errors: count(11)?,
        current: row.get(12)?,
        warnings: count(13)?,
        approval: approval(row)?,
        approved_as: row.get::<_, Option<String>>(18)?.map(RunId),
        retracted: retraction(row)?,
    })
}
