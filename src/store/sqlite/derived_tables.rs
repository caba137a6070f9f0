//! The tables that are derived from versions and dates besides the forests: events and headcount.

use rusqlite::Connection;

use crate::config::schema::{Kind, Schema};
use crate::model::Feed;
use crate::store::derived_columns::{COUNTED_BY, event_table};
use crate::store::identifier::quoted;

/// The kinds of `agent_event` and `node_event` with what they mean, for those who read the tables: table, kind, Chinese,
/// English.
pub(super) const EVENT_KINDS: [(&str, &str, &str, &str); 20] = [
    ("agent_event", "entered", "首次出现", "seen for the first time"),
    ("agent_event", "back", "重新出现或复职", "delivered again after it was gone, or active again"),
    ("agent_event", "left", "离职", "left"),
    ("agent_event", "gone", "不再提供", "not delivered any more"),
    ("agent_event", "moved_organ", "机构变更", "moved to another organisation"),
    ("agent_event", "moved_team", "团队变更", "moved to another team"),
    ("agent_event", "regraded", "职级变动", "another grade"),
    ("agent_event", "renamed", "姓名变更", "another name"),
    ("agent_event", "recruiter_changed", "增员人变更", "another recruiter"),
    ("agent_event", "changed", "其他内容变更", "other content changed"),
    ("node_event", "opened", "首次出现", "seen for the first time"),
    ("node_event", "back", "重新出现", "delivered again after it was gone"),
    ("node_event", "gone", "不再提供", "not delivered any more"),
    ("node_event", "closed", "停业", "closed"),
    ("node_event", "reopened", "恢复营业", "open again"),
    ("node_event", "leader_changed", "团队长变更", "another leader"),
    ("node_event", "moved_parent", "上级团队变更", "moved below another team"),
    ("node_event", "moved_organ", "机构变更", "moved to another organisation"),
    ("node_event", "renamed", "团队名变更", "another name"),
    ("node_event", "changed", "其他内容变更", "other content changed"),
];

/// Whether the tables are there.
pub(super) fn are_there(conn: &Connection) -> rusqlite::Result<bool> {
    let sql =
        "select exists (select 1 from sqlite_master where type = 'table' and name = 'headcount')";
    conn.query_row(sql, [], |row| row.get(0))
}

/// Creates the tables that are missing.
pub(super) fn create(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let references = |feed: Feed| {
        format!("references {feed} ({})", quoted(&schema.feed(feed).key_field().column))
    };
    let (organ, node) = (references(Feed::Organ), references(Feed::Node));
    for feed in [Feed::Agent, Feed::Node] {
        let Some((table, place)) = event_table(feed) else { continue };
        // A record that is gone is no row any more; what tools draw from a reference is worth that.
        let record = references(feed);
        conn.execute_batch(&format!(
            "create table if not exists {table} (business_date text not null, id text not null {record}, \
             kind text not null, from_value text, to_value text, organ_id text {organ}, \
             {place} text {node}, primary key (business_date, kind, id)) without rowid;"
        ))?;
        conn.execute_batch(&create_event_index(table))?;
    }
    // Codes have the type that they have in the table of the agents, and a key has no nulls.
    let code = |field: &str| {
        let agent = schema.feed(Feed::Agent);
        let field = agent.position(field).and_then(|at| agent.fields.get(at));
        match field.map(|field| &field.kind) {
            Some(Kind::Integer) => "integer",
            Some(Kind::Text | Kind::Date(_)) | None => "text",
        }
    };
    let [_, channel, status] = COUNTED_BY;
    conn.execute_batch(&format!(
        "create table if not exists headcount (organ_id text not null {organ}, \
         business_date text not null, channel {} not null, agent_status {} not null, \
         agents integer not null, agents_below integer not null, \
         primary key (organ_id, business_date, channel, agent_status)) without rowid;\n\
         create view if not exists headcount_below as \
         select business_date, organ_id, channel, agent_status, agents_below as agents from headcount;",
        code(channel),
        code(status),
    ))
}

/// The statement that makes the index of an event table by which the life of one record is read.
pub(super) fn create_event_index(table: &str) -> String {
    format!("create index if not exists {table}_id on {table} (id)")
}
