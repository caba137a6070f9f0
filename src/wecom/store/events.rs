//! Writes and identifies the rows of `callback_event`.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};
use sha2::{Digest, Sha256};

use super::received::{ReceivedEvent, Stored};
use crate::wecom::event::Event;

/// SHA-256 of the decrypted text. Two deliveries with the same hash and address are the same event.
///
/// A retry has the same address and text, whatever its timestamp, nonce and ciphertext (whether WeCom reuses those is
/// not documented). Ids and times do not identify an event: several events of one object in the same second are
/// common. If two applications receive the same change, both events are stored; only the first changes the state.
pub(super) fn content_hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// When the change happened, as ISO text in UTC to the second.
pub(super) fn occurred_at(parsed: &Event, received_at: DateTime<Utc>) -> String {
    format_change(parsed.occurred_at(received_at))
}

/// Formats the time of a change, for `occurred_at` and in the tables of the state.
pub(super) fn format_change(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Formats a time of arrival for `received_at`.
pub(super) fn format_arrival(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Parses `received_at`.
pub(super) fn parse_arrival(text: &str) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// Inserts a row; columns with a default are left out.
pub(super) const INSERT: &str = "\
insert into callback_event (received_at, occurred_at, endpoint, corp_id, agent_id, receive_id, timestamp, nonce, \
  msg_type, event, change_type, object_kind, object_id, user_id, new_user_id, from_user, create_time, suite_id, \
  auth_corp_id, problem, last_received_at, content_hash, body) \
values (:received_at, :occurred_at, :endpoint, :corp_id, :agent_id, :receive_id, :timestamp, :nonce, :msg_type, \
  :event, :change_type, :object_kind, :object_id, :user_id, :new_user_id, :from_user, :create_time, :suite_id, \
  :auth_corp_id, :problem, :received_at, :content_hash, :body)";

/// The outcome, and whether the text is new: another application may have received the same before.
pub(super) struct Inserted {
    pub stored: Stored,
    pub new_content: bool,
}

/// Stores an event, or counts another delivery of a stored one.
pub(super) fn insert(
    conn: &Connection,
    event: &ReceivedEvent,
    parsed: &Event,
    hash: &[u8; 32],
) -> rusqlite::Result<Inserted> {
    let received_at = format_arrival(event.received_at);
    let known: Option<i64> = conn
        .prepare_cached(
            "select id from callback_event \
             where content_hash = ?1 and agent_id = ?2 and endpoint = ?3 and corp_id = ?4",
        )?
        .query_row((hash, &event.agent_id, event.endpoint.name(), &event.corp_id), |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        conn.prepare_cached(
            "update callback_event set deliveries = deliveries + 1, \
             last_received_at = max(last_received_at, ?2) where id = ?1",
        )?
        .execute((id, received_at))?;
        return Ok(Inserted { stored: Stored::Repeated(id), new_content: false });
    }
    let object = parsed.object.as_ref();
    let kind = object.and_then(|object| object.kind).map(|kind| kind.name());
    // The plus keeps SQLite from looking for the hash among all events of a kind.
    let new_content = !conn
        .prepare_cached(
            "select 1 from callback_event where content_hash = ?1 and +object_kind is ?2",
        )?
        .exists((hash, kind))?;
    // Valid UTF-8 is stored as text, so that every tool shows it; anything else as bytes.
    let text = std::str::from_utf8(&event.body).ok();
    let body: &dyn rusqlite::ToSql = match &text {
        Some(text) => text,
        None => &event.body,
    };
    conn.prepare_cached(INSERT)?.execute(named_params! {
        ":received_at": received_at,
        ":occurred_at": occurred_at(parsed, event.received_at),
        ":endpoint": event.endpoint.name(),
        ":corp_id": event.corp_id,
        ":agent_id": event.agent_id,
        ":receive_id": event.receive_id,
        ":timestamp": event.timestamp,
        ":nonce": event.nonce,
        ":msg_type": parsed.msg_type,
        ":event": parsed.event,
        ":change_type": parsed.change_type,
        ":object_kind": kind,
        ":object_id": object.map(|object| &object.id),
        ":user_id": object.and_then(|object| object.user_id.as_ref()),
        ":new_user_id": parsed.new_user_id,
        ":from_user": parsed.from_user,
        ":create_time": parsed.create_time,
        ":suite_id": parsed.suite_id,
        ":auth_corp_id": parsed.auth_corp_id,
        ":problem": parsed.problem.map(|problem| problem.name()),
        ":content_hash": hash.as_slice(),
        ":body": body,
    })?;
    Ok(Inserted { stored: Stored::New(conn.last_insert_rowid()), new_content })
}

/// Records a problem of a stored event.
pub(super) fn record_problem(conn: &Connection, id: i64, problem: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("update callback_event set problem = ?2 where id = ?1")?
        .execute((id, problem))
        .map(|_| ())
}
