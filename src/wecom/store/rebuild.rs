//! The state made anew from the events, beside a running `orgsnap serve`.
//!
//! Object by object, in short transactions: each object is right before and after, so a reader never sees half of
//! one, a callback waits for some milliseconds at most, and an interrupted rebuild has done no harm. One long
//! transaction would keep callbacks waiting until WeCom gives up on them.

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

/// Events that are read again at once.
const EVENTS_PER_BATCH: i64 = 1_000;

/// Objects of one transaction.
const OBJECTS_PER_TRANSACTION: i64 = 200;

/// Pause after a transaction, in which a waiting callback gets its turn.
const PAUSE: Duration = Duration::from_millis(5);

/// What a rebuild did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RebuildSummary {
    /// Events read.
    pub events: u64,
    /// Events whose parsed columns changed, as this orgsnap reads them otherwise than the one that stored them.
    pub reread: u64,
    /// Objects made anew.
    pub objects: u64,
    /// Rows deleted because no event tells of them.
    pub removed: u64,
    /// Objects that could not be made anew; the log says why. Their rows are as they were.
    pub failed: u64,
}

/// Reads all events of the tenant whose folder is given again, and makes the state tables anew from them.
///
/// # Errors
/// [`WecomStoreError::NotFound`] if there is no database; any fault of it. What was done until then stays, and is
/// right.
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

/// The columns of an event that follow from its text, by name and value.
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

/// Parses all events again and corrects the columns of those that are now read otherwise.
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

/// Makes every object of which there are events anew.
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

/// The objects of an id: one, but for an external contact one a member who follows it.
fn objects(conn: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<Vec<Object>> {
    let object = |user_id| Object { kind: Some(kind), id: id.to_owned(), user_id };
    if kind != ObjectKind::ExternalContact {
        return Ok(vec![object(None)]);
    }
    conn.prepare_cached(
        "select distinct user_id from callback_event \
         where object_kind = ?1 and object_id = ?2 order by user_id",
    )?
    .query_map([kind.name(), id], |row| Ok(object(row.get(0)?)))?
    .collect()
}
