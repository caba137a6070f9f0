//! Reads `wecom.db`: the stored events and the documented queries.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::connection::{self, DATABASE};
use super::error::WecomStoreError;
use super::events;
use crate::model::Message;
use crate::wecom::event::Event;

/// Selects events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventQuery {
    /// Only events that arrived at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// At most so many events, the newest.
    pub limit: usize,
}

/// The text of an event, verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// A row of `callback_event`; see the `data_dictionary` of the file for the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the columns, documented in the data dictionary")]
pub struct StoredEvent {
    pub id: i64,
    pub received_at: String,
    pub occurred_at: String,
    pub endpoint: String,
    pub corp_id: String,
    pub agent_id: String,
    pub receive_id: String,
    pub timestamp: Option<i64>,
    pub nonce: String,
    pub msg_type: Option<String>,
    pub event: Option<String>,
    pub change_type: Option<String>,
    pub object_kind: Option<String>,
    pub object_id: Option<String>,
    pub user_id: Option<String>,
    pub new_user_id: Option<String>,
    pub from_user: Option<String>,
    pub create_time: Option<i64>,
    pub suite_id: Option<String>,
    pub auth_corp_id: Option<String>,
    pub problem: Option<String>,
    pub deliveries: i64,
    pub last_received_at: String,
    pub body: Body,
}

/// A documented query that needs both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Name of the view that the SQL makes.
    pub name: String,
    /// What it answers.
    pub title: Message,
    /// The statement that makes the view.
    pub sql: String,
}

/// `wecom.db` of one tenant, open for reading. Never waits for the writer.
#[derive(Debug)]
pub struct EventReader {
    conn: Connection,
    path: PathBuf,
}

impl EventReader {
    /// Opens the database of the tenant whose folder is given.
    ///
    /// # Errors
    /// [`WecomStoreError::NotFound`] if nothing was received yet; any fault of the file.
    pub fn open(tenant_dir: &Path) -> Result<EventReader, WecomStoreError> {
        let path = tenant_dir.join(DATABASE);
        let conn = connection::open_existing(&path)?;
        Ok(EventReader { conn, path })
    }

    /// The selected events, newest first.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, WecomStoreError> {
        let since = query.since.map(events::format_arrival).unwrap_or_default();
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<StoredEvent>> {
            let mut statement = self.conn.prepare(
                "select id, received_at, occurred_at, endpoint, corp_id, agent_id, receive_id, timestamp, nonce, \
                   msg_type, event, change_type, object_kind, object_id, user_id, new_user_id, from_user, \
                   create_time, suite_id, auth_corp_id, problem, deliveries, last_received_at, body \
                 from callback_event where received_at >= ?1 order by received_at desc, id desc limit ?2",
            )?;
            statement.query_map((since, limit), stored_event)?.collect()
        };
        read().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Whether an event of that text has been stored.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn holds(&self, body: &[u8]) -> Result<bool, WecomStoreError> {
        let held = || -> rusqlite::Result<bool> {
            let mut select =
                self.conn.prepare("select 1 from callback_event where content_hash = ?1")?;
            select.exists([events::content_hash(body)])
        };
        held().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Whether an event that came and happened at that time or later told that the member with this user id left: was
    /// deleted, renamed, or disabled (`Status`). What is told afterwards takes nothing of that back: the id may by then be
    /// somebody else's.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn has_left(&self, user_id: &str, since: DateTime<Utc>) -> Result<bool, WecomStoreError> {
        let has_left = || -> rusqlite::Result<bool> {
            // The plus keeps SQLite from looking through all events of members instead of those that came since. WeCom's user
            // ids have the letters of ASCII, and their case makes no difference.
            let mut select = self.conn.prepare(
                "select coalesce(e.change_type, ''), e.new_user_id <> ?1 collate nocase, e.body from callback_event e \
                 where e.received_at >= ?2 and e.occurred_at >= ?3 and +e.object_kind = 'member' \
                   and (e.object_id = ?1 collate nocase or ?1 = \
                     (select i.current_user_id from member_identity i \
                      where i.user_id = e.object_id and i.since <= e.occurred_at \
                      order by i.since desc limit 1) collate nocase)",
            )?;
            let (received, occurred) =
                (events::format_arrival(since), events::format_change(since));
            let mut rows = select.query((user_id, received, occurred))?;
            while let Some(row) = rows.next()? {
                let is_renamed = row.get::<_, Option<bool>>(1)?.unwrap_or_default();
                if row.get_ref(0)?.as_str()? == "delete_user"
                    || is_renamed
                    || disables(row.get_ref(2)?.as_bytes()?)
                {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        has_left().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// The documented queries, by name.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn queries(&self) -> Result<Vec<Query>, WecomStoreError> {
        let read = || -> rusqlite::Result<Vec<Query>> {
            let mut statement = self
                .conn
                .prepare("select name, title_zh, title_en, sql from documentation order by name")?;
            let rows = statement.query_map([], |row| {
                Ok(Query {
                    name: row.get(0)?,
                    title: Message::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?),
                    sql: row.get(3)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }
}

/// Whether an event tells that its member is disabled (2) or has left (5).
fn disables(body: &[u8]) -> bool {
    matches!(Event::parse(body).fields.text_of("Status"), Some("2" | "5"))
}

fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let body = match row.get_ref(23)? {
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Body::Text(text.to_owned()),
            Err(_) => Body::Bytes(text.to_vec()),
        },
        other => Body::Bytes(other.as_bytes()?.to_vec()),
    };
    Ok(StoredEvent {
        id: row.get(0)?,
        received_at: row.get(1)?,
        occurred_at: row.get(2)?,
        endpoint: row.get(3)?,
        corp_id: row.get(4)?,
        agent_id: row.get(5)?,
        receive_id: row.get(6)?,
        timestamp: row.get(7)?,
        nonce: row.get(8)?,
        msg_type: row.get(9)?,
        event: row.get(10)?,
        change_type: row.get(11)?,
        object_kind: row.get(12)?,
        object_id: row.get(13)?,
        user_id: row.get(14)?,
        new_user_id: row.get(15)?,
        from_user: row.get(16)?,
        create_time: row.get(17)?,
        suite_id: row.get(18)?,
        auth_corp_id: row.get(19)?,
        problem: row.get(20)?,
        deliveries: row.get(21)?,
        last_received_at: row.get(22)?,
        body,
    })
}
