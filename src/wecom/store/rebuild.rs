//! Rebuilds the state tables from the events, also while `orgsnap serve` is running.
//!
//! It works object by object in short transactions: each object is consistent before and after, so readers never see
//! a partial one, a callback waits some milliseconds at most, and a rebuild can be interrupted. One long transaction
//! would delay callbacks until WeCom gives up.

use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::connection::{self, DATABASE};
use super::error::WecomStoreError;
use super::events;
use crate::wecom::event::{Event, Object, ObjectKind};
use crate::wecom::state::{self, Effect};

/// Events parsed again at a time.
const EVENTS_PER_BATCH: i64 = 1_000;

/// Objects of one transaction.
const OBJECTS_PER_TRANSACTION: i64 = 200;

/// Pause after a transaction, so that a waiting callback can be stored.
const PAUSE: Duration = Duration::from_millis(5);

/// Counts of a rebuild.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RebuildSummary {
    /// Events read.
    pub events: u64,
    /// Events whose parsed columns changed, because this version parses them differently from the one that stored them.
    pub reread: u64,
    /// Objects rebuilt.
    pub objects: u64,
    /// Rows deleted because no event supports them.
    pub removed: u64,
    /// Objects that could not be rebuilt; the log says why. Their rows are unchanged.
    pub failed: u64,
}

/// Parses all events of the tenant with this folder again and rebuilds the state tables from them.
///
/// # Errors
/// [`WecomStoreError::NotFound`] if there is no database; any fault of it. What was rebuilt until then
/// stays and is consistent.
pub fn rebuild(tenant_dir: &Path) -> Result<RebuildSummary, WecomStoreError> {
    let path = tenant_dir.join(DATABASE);
    drop(connection::open_existing(&path)?);
    let mut conn = connection::open(&path)?;
    let mut run = || -> rusqlite::Result<RebuildSummary> {
        let mut summary = RebuildSummary::default();
        reparse_events(&mut conn, &mut summary)?;
        rebuild_objects(&mut conn, &mut summary)?;
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        summary.removed = state::forget_without_events(&transaction)? as u64;
        transaction.commit()?;
        Ok(summary)
    };
    run().map_err(|error| WecomStoreError::sqlite(&path, error))
}

/// The values of [`COLUMNS`].
type Columns = [Option<String>; 12];

const COLUMNS: &str = "occurred_at, msg_type, event, change_type, object_kind, object_id, user_id, new_user_id, \
                       from_user, suite_id, auth_corp_id, problem";

fn stored_columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    let mut columns = Columns::default();
    for (at, column) in columns.iter_mut().enumerate() {
        *column = row.get(at)?;
    }
    Ok(columns)
}

fn columns(parsed: &Event, received_at: DateTime<Utc>) -> Columns {
    let object = parsed.object.as_ref();
    [
        Some(events::occurred(received_at, parsed.create_time)),
        parsed.msg_type.clone(),
        parsed.event.clone(),
        parsed.change_type.clone(),
        object.and_then(|object| object.kind).map(|kind| kind.name().to_owned()),
        object.map(|object| object.id.clone()),
        object.and_then(|object| object.user_id.clone()),
        parsed.new_user_id.clone(),
        parsed.from_user.clone(),
        parsed.suite_id.clone(),
        parsed.auth_corp_id.clone(),
        parsed.problem.map(|problem| problem.name().to_owned()),
    ]
}

/// Parses all events again and updates the columns of those that are now parsed differently.
fn reparse_events(conn: &mut Connection, summary: &mut RebuildSummary) -> rusqlite::Result<()> {
    let mut last = 0;
    loop {
        let mut changed = Vec::new();
        let mut read = 0;
        let mut statement = conn.prepare_cached(&format!(
            "select {COLUMNS}, id, received_at, create_time, body from callback_event \
             where id > ?1 order by id limit ?2"
        ))?;
        let mut rows = statement.query([last, EVENTS_PER_BATCH])?;
        while let Some(row) = rows.next()? {
            read += 1;
            last = row.get(12)?;
            let received_at = events::parse_arrival(&row.get::<_, String>(13)?)?;
            let parsed = Event::parse(row.get_ref(15)?.as_bytes()?);
            let parsed_columns = (columns(&parsed, received_at), parsed.create_time);
            if parsed_columns != (stored_columns(row)?, row.get(14)?) {
                changed.push((last, parsed_columns));
            }
        }
        drop(rows);
        drop(statement);
        if read == 0 {
            return Ok(());
        }
        summary.events += read;
        summary.reread += changed.len() as u64;
        if changed.is_empty() {
            continue;
        }
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut update = transaction.prepare_cached(&format!(
                "update callback_event set ({COLUMNS}, create_time) = \
                 (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) where id = ?1"
            ))?;
            for (id, (c, create_time)) in &changed {
                update.execute(params![
                    id,
                    c[0],
                    c[1],
                    c[2],
                    c[3],
                    c[4],
                    c[5],
                    c[6],
                    c[7],
                    c[8],
                    c[9],
                    c[10],
                    c[11],
                    create_time
                ])?;
            }
        }
        transaction.commit()?;
        thread::sleep(PAUSE);
    }
}

/// Rebuilds every object that has events.
fn rebuild_objects(conn: &mut Connection, summary: &mut RebuildSummary) -> rusqlite::Result<()> {
    for kind in ObjectKind::ALL {
        let mut last = String::new();
        loop {
            let ids: Vec<String> = conn
                .prepare_cached(
                    "select distinct object_id from callback_event \
                     where object_kind = ?1 and object_id > ?2 order by object_id limit ?3",
                )?
                .query_map(params![kind.name(), last, OBJECTS_PER_TRANSACTION], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let Some(newest) = ids.last() else { break };
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for id in &ids {
                for object in objects(&transaction, kind, id)? {
                    match state::refold(&transaction, &object)? {
                        Effect::Applied => summary.objects += 1,
                        Effect::Failed => summary.failed += 1,
                    }
                }
            }
            transaction.commit()?;
            last.clone_from(newest);
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// The objects of an id: one; for an external contact one for each member who follows it.
fn objects(conn: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<Vec<Object>> {
    let object = |user_id| Object { kind: Some(kind), id: id.to_owned(), user_id };
    if !kind.descriptor().per_follower {
        return Ok(vec![object(None)]);
    }
    conn.prepare_cached(
        "select distinct user_id from callback_event \
         where object_kind = ?1 and object_id = ?2 order by user_id",
    )?
    .query_map([kind.name(), id], |row| Ok(object(row.get(0)?)))?
    .collect()
}
