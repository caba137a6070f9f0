//! Reads and writes the published dates.

use chrono::{DateTime, NaiveDate, Utc};
use postgres::Row;

use crate::model::{Feed, PerFeed, RunId};
use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;
use crate::store::retraction_record::RetractionRecord;
use crate::store::snapshot::SnapshotInfo;

const COLUMNS: &str = "business_date, run, agent_rows, node_rows, organ_rows, principal_rows";

fn info(row: &Row) -> SnapshotInfo {
    let columns: PerFeed<usize> = PerFeed::new([2, 3, 4, 5]);
    let count = |feed: Feed| u64::try_from(row.get::<_, i64>(columns[feed])).unwrap_or_default();
    SnapshotInfo { date: row.get(0), run: RunId(row.get(1)), rows: PerFeed::from_fn(count) }
}

/// All dates with a snapshot, ascending.
pub(super) fn dates(session: &mut Session, tenant: i32) -> Result<Vec<NaiveDate>, StoreError> {
    let sql =
        format!("select business_date from {TABLES}.snapshot where tenant_id = $1 order by 1");
    Ok(session.query(&sql, &[&tenant])?.iter().map(|row| row.get(0)).collect())
}

/// The snapshot of a date.
pub(super) fn of(
    session: &mut Session,
    tenant: i32,
    date: NaiveDate,
) -> Result<Option<SnapshotInfo>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from {TABLES}.snapshot where tenant_id = $1 and business_date = $2"
    );
    Ok(session.query(&sql, &[&tenant, &date])?.first().map(info))
}

/// The newest snapshot, or the newest before a date.
pub(super) fn newest(
    session: &mut Session,
    tenant: i32,
    before: Option<NaiveDate>,
) -> Result<Option<SnapshotInfo>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from {TABLES}.snapshot \
         where tenant_id = $1 and ($2::date is null or business_date < $2) \
         order by business_date desc limit 1"
    );
    Ok(session.query(&sql, &[&tenant, &before])?.first().map(info))
}

/// Writes the snapshot of a date, in place of one of the same date.
pub(super) fn write(
    session: &mut Session,
    tenant: i32,
    snapshot: &SnapshotInfo,
) -> Result<(), StoreError> {
    let [agent, node, organ, principal] = Feed::ALL.map(|feed| snapshot.rows[feed].cast_signed());
    let sql = format!(
        "insert into {TABLES}.snapshot (tenant_id, {COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (tenant_id, business_date) do update set run = excluded.run, \
         agent_rows = excluded.agent_rows, node_rows = excluded.node_rows, \
         organ_rows = excluded.organ_rows, principal_rows = excluded.principal_rows"
    );
    let (date, run) = (&snapshot.date, &snapshot.run.0);
    session.execute(&sql, &[&tenant, date, run, &agent, &node, &organ, &principal]).map(drop)
}

/// Adds to the counts of a date.
pub(super) fn add_rows(
    session: &mut Session,
    tenant: i32,
    date: NaiveDate,
    more: &PerFeed<i64>,
) -> Result<(), StoreError> {
    let [agent, node, organ, principal] = Feed::ALL.map(|feed| more[feed]);
    let sql = format!(
        "update {TABLES}.snapshot set agent_rows = agent_rows + $3, node_rows = node_rows + $4, \
         organ_rows = organ_rows + $5, principal_rows = principal_rows + $6 \
         where tenant_id = $1 and business_date = $2"
    );
    session.execute(&sql, &[&tenant, &date, &agent, &node, &organ, &principal]).map(drop)
}

/// Deletes the snapshot of a date, and records who took it back.
pub(super) fn delete(
    session: &mut Session,
    tenant: i32,
    snapshot: &SnapshotInfo,
    record: RetractionRecord<'_>,
) -> Result<(), StoreError> {
    let sql = format!("delete from {TABLES}.snapshot where tenant_id = $1 and business_date = $2");
    session.execute(&sql, &[&tenant, &snapshot.date])?;
    let sql = format!(
        "insert into {TABLES}.retraction (tenant_id, business_date, run, retracted, retracted_by, reason) \
         values ($1, $2, $3, $4, $5, $6)"
    );
    let RetractionRecord { at, by, reason } = record;
    let at: DateTime<Utc> = at;
    session.execute(&sql, &[&tenant, &snapshot.date, &snapshot.run.0, &at, &by, &reason]).map(drop)
}
