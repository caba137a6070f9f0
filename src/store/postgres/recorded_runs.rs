//! Reads recorded runs and their files.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::{Feed, PerFeed, RecentRun, RecordedFile, RecordedFiles, RunId, Verdict};
use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;
use crate::store::stored_event::{StoredEvent, StoredEventKind};

/// The recorded runs in a few figures, newest first, at most so many.
pub(super) fn recent(
    session: &mut Session,
    tenant: i32,
    limit: usize,
) -> Result<Vec<RecentRun>, StoreError> {
    let sql = format!(
        "select id, business_date, verdict, \
         (select coalesce(sum(rows), 0)::bigint from {TABLES}.source_file f where f.tenant_id = $1 and f.run = run.id), \
         errors, warnings from {TABLES}.run where tenant_id = $1 order by started desc, id desc limit $2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let rows = session.query(&sql, &[&tenant, &limit])?;
    let recent = rows.iter().filter_map(|row| {
        Some(RecentRun {
            run: RunId(row.get(0)),
            date: row.get(1),
            verdict: Verdict::from_name(row.get(2))?,
            rows: count(row.get(3)),
            errors: count(row.get(4)),
            warnings: count(row.get(5)),
        })
    });
    Ok(recent.collect())
}

/// The verdict of a recorded run, and its rows.
pub(super) fn verdict(
    session: &mut Session,
    tenant: i32,
    run: &RunId,
) -> Result<Option<(Verdict, u64)>, StoreError> {
    let sql = format!(
        "select verdict, (select coalesce(sum(rows), 0)::bigint from {TABLES}.source_file f \
         where f.tenant_id = $1 and f.run = run.id) from {TABLES}.run where tenant_id = $1 and id = $2"
    );
    let rows = session.query(&sql, &[&tenant, &run.0])?;
    let verdict = rows.first().and_then(|row| {
        let rows: i64 = row.get(1);
        Some((Verdict::from_name(row.get(0))?, u64::try_from(rows).unwrap_or_default()))
    });
    Ok(verdict)
}

/// What was published, approved and taken back, in order.
pub(super) fn events(session: &mut Session, tenant: i32) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!(
        "select 0, run.business_date, run.id, finished, refused_run, approved_by, reason, approved, waived \
         from {TABLES}.run left join {TABLES}.approval on approval.tenant_id = run.tenant_id and approval.run = run.id \
         where run.tenant_id = $1 and verdict = 'published' \
         union all select 1, business_date, run, retracted, null, retracted_by, reason, null, null \
         from {TABLES}.retraction where tenant_id = $1 order by 4, 1"
    );
    let rows = session.query(&sql, &[&tenant])?;
    let event = |row: &postgres::Row| {
        let text = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
        let what = match (row.get::<_, i32>(0), row.get::<_, Option<String>>(4)) {
            (0, None) => StoredEventKind::Published,
            (0, Some(refused)) => StoredEventKind::Approved {
                refused: RunId(refused),
                by: text(5),
                reason: text(6),
                approved: row.get::<_, Option<DateTime<Utc>>>(7),
                waived: serde_json::from_str(&text(8)).ok(),
            },
            _ => StoredEventKind::Retracted { by: text(5), reason: text(6) },
        };
        StoredEvent { what, date: row.get(1), run: RunId(row.get(2)), at: row.get(3) }
    };
    Ok(rows.iter().map(event).collect())
}

/// The files of a recorded run; none if it has none.
pub(super) fn files(
    session: &mut Session,
    tenant: i32,
    run: &RunId,
    date: NaiveDate,
) -> Result<Option<RecordedFiles>, StoreError> {
    let sql = format!(
        "select feed, sha256, size, mtime from {TABLES}.source_file where tenant_id = $1 and run = $2"
    );
    let mut files: PerFeed<Option<RecordedFile>> = PerFeed::default();
    for row in session.query(&sql, &[&tenant, &run.0])? {
        if let Some(feed) = Feed::from_name(row.get(0)) {
            let size = u64::try_from(row.get::<_, i64>(2)).unwrap_or_default();
            files[feed] = Some(RecordedFile { sha256: row.get(1), size, mtime: row.get(3) });
        }
    }
    // A run whose files are not all recorded is none to compare with.
    let files = PerFeed::try_from_fn(|feed| files[feed].take().ok_or(()));
    Ok(files.ok().map(|files| RecordedFiles { run: run.clone(), date, files }))
}

/// Whether a run is recorded, or a date that was taken back.
pub(super) fn is_recorded(
    session: &mut Session,
    tenant: i32,
    run: &str,
    is_retraction: bool,
) -> Result<bool, StoreError> {
    let (table, column) = if is_retraction { ("retraction", "run") } else { ("run", "id") };
    let sql = format!(
        "select exists (select 1 from {TABLES}.{table} where tenant_id = $1 and {column} = $2)"
    );
    Ok(session.value(&sql, &[&tenant, &run])? == Some(true))
}
