//! Callbacks in `wecom.db`: events, the state derived from them, durability.

mod events;
mod format;
mod joined;
mod meaning;
mod naive;
mod order;
mod store;
mod verbs;

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use orgsnap::wecom::store::{Endpoint, EventStore, ReceivedEvent, Stored, WecomStoreError};
use rusqlite::Connection;
use rusqlite::types::Value;

/// The state tables.
const STATE: [&str; 13] = [
    "member",
    "member_department",
    "department",
    "tag",
    "tag_member",
    "tag_department",
    "external_contact",
    "customer_group",
    "customer_group_member",
    "customer_tag",
    "batch_job",
    "current_tag_member",
    "member_identity",
];

fn received(body: &[u8]) -> ReceivedEvent {
    ReceivedEvent {
        received_at: DateTime::<Utc>::from_timestamp(1_795_000_000, 5_000_000).unwrap(),
        endpoint: Endpoint::Member,
        corp_id: "wxf8b4f85f3a794e77".to_owned(),
        agent_id: "chengyuan".to_owned(),
        receive_id: "wxf8b4f85f3a794e77".to_owned(),
        timestamp: Some(1_795_000_000),
        nonce: "n".to_owned(),
        body: body.to_vec(),
    }
}

/// Stores a body that arrives at that time.
pub(crate) fn store_at(tenant: &Path, seconds: i64, body: &[u8]) {
    let received_at = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap();
    runtime().block_on(async {
        let store = EventStore::open(tenant).unwrap();
        store.store(ReceivedEvent { received_at, ..received(body) }).await.unwrap();
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Stores the bodies one after the other.
pub(crate) fn store_all(tenant: &Path, bodies: &[Vec<u8>]) -> Result<Vec<Stored>, WecomStoreError> {
    runtime().block_on(async {
        let store = EventStore::open(tenant)?;
        let mut stored = Vec::new();
        for body in bodies {
            stored.push(store.store(received(body)).await?);
        }
        Ok(stored)
    })
}

fn open(tenant: &Path) -> Connection {
    Connection::open(tenant.join("wecom.db")).unwrap()
}

/// The rows of a query, a line each: column and value where there is one.
fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let names: Vec<String> =
        statement.column_names().iter().map(|name| (*name).to_owned()).collect();
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let mut line = String::new();
        for (at, name) in names.iter().enumerate() {
            let value = match row.get::<_, Value>(at).unwrap() {
                Value::Null => continue,
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => format!("{text:?}"),
                Value::Blob(bytes) => format!("{} bytes", bytes.len()),
            };
            write!(line, " {name}={value}").unwrap();
        }
        lines.push(line.trim_start().to_owned());
    }
    lines
}

/// All state, in the order of the keys. With `by_text` events are identified by their text, since their ids may differ.
fn state(conn: &Connection, by_text: bool) -> String {
    let mut text = String::new();
    for table in STATE {
        let columns: Vec<String> =
            rows(conn, &format!("select name from pragma_table_info('{table}')"));
        let columns: Vec<String> = columns
            .iter()
            .map(|line| line.trim_start_matches("name=").trim_matches('"').to_owned())
            .map(|column| match (column.as_str(), by_text) {
                ("event_id", true) => {
                    "(select body from callback_event e where e.id = event_id) as event".to_owned()
                }
                _ => column,
            })
            .collect();
        let lines =
            rows(conn, &format!("select {} from {table} order by 1, 2", columns.join(", ")));
        writeln!(text, "# {table}").unwrap();
        for line in lines {
            writeln!(text, "{line}").unwrap();
        }
    }
    text
}
