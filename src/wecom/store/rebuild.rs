//! Rebuilds the state tables from the events, also while `orgsnap serve` is running.
//!
//! It works object by object in short transactions: each object is consistent before and after, so readers never see
//! a partial one, a callback waits some milliseconds at most, and a rebuild can be interrupted. One long transaction
//! would delay callbacks until WeCom gives up.
//!
//! State tables that an earlier version of orgsnap derived in another way are rebuilt when the file is opened for
//! writing, in the background: callbacks are stored meanwhile.

use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::connection::{self, DATABASE};
use super::error::WecomStoreError;
use super::events;
use crate::wecom::event::{Event, ObjectKind};
use crate::wecom::state::{self, Effect};

/// Events parsed again at a time.
const EVENTS_PER_BATCH: i64 = 1_000;

/// Objects of one transaction.
const OBJECTS_PER_TRANSACTION: i64 = 200;

/// The number in `state_format` of state tables as this version derives them. It changes whenever the same events give
/// other tables.
const STATE_FORMAT: i64 = 3;

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
        if summary.failed == 0 {
            transaction.execute("update state_format set format = ?1", [STATE_FORMAT])?;
        }
        transaction.commit()?;
        Ok(summary)
    };
    run().map_err(|error| WecomStoreError::sqlite(&path, error))
}

/// Rebuilds the state tables in a thread of its own, if an earlier version of orgsnap derived them. Interrupted or
/// failed, it begins anew when the file is opened the next time.
pub(super) fn rebuild_outdated(conn: &Connection, path: &Path) -> Result<(), WecomStoreError> {
    let format: i64 = conn
        .query_row("select format from state_format", [], |row| row.get(0))
        .map_err(|error| WecomStoreError::sqlite(path, error))?;
    let Some(tenant_dir) = path.parent().filter(|_| format < STATE_FORMAT) else { return Ok(()) };
    let tenant_dir = tenant_dir.to_path_buf();
    let database = path.display().to_string();
    tracing::info!(database, "the state tables are made anew as this version derives them");
    let run = move || match rebuild(&tenant_dir) {
        Ok(RebuildSummary { events, objects, failed, .. }) => {
            tracing::info!(database, events, objects, failed, "the state tables are made anew");
        }
        Err(error) => {
            tracing::error!(database, %error, "the state tables could not be made anew; `orgsnap wecom rebuild` does it");
        }
    };
    thread::Builder::new()
        .name("wecom-rebuild".to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|_| WecomStoreError::Stopped { path: path.to_path_buf() })
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
        Some(events::occurred_at(parsed, received_at)),
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
            "select {COLUMNS}, id, received_at, create_time, corp_id, receive_id, body from callback_event \
             where id > ?1 order by id limit ?2"
        ))?;
        let mut rows = statement.query([last, EVENTS_PER_BATCH])?;
        while let Some(row) = rows.next()? {
            read += 1;
            last = row.get(12)?;
            let received_at = events::parse_arrival(&row.get::<_, String>(13)?)?;
            let parsed = Event::parse(row.get_ref(17)?.as_bytes()?).for_corp(
                row.get_ref(15)?.as_str()?,
                row.get_ref(16)?.as_str()?,
                received_at,
            );
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
                match state::refold(&transaction, kind, id)? {
                    Effect::Applied => summary.objects += 1,
                    Effect::Failed => summary.failed += 1,
                }
            }
            transaction.commit()?;
            last.clone_from(newest);
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}
