//! The indexes for what people ask of the tables, by the names of the contract's fields; where a schema lacks a field, the
//! index is left out.
//!
//! An index of a snapshot table or of a forest is made when its table is first filled: made at once it takes a third of
//! the time of row by row. The histories are empty then; theirs are there from the beginning.

use rusqlite::Connection;

use crate::config::schema::{FeedSchema, ForestSchema, Schema};
use crate::model::Feed;
use crate::store::identifier::quoted;
use crate::store::tree_layout::tree_table;

/// Of the snapshot tables: the fields, the first of which names the index.
const CURRENT: [(Feed, &[&str]); 6] = [
    (Feed::Agent, &["workingOrganId"]),
    (Feed::Agent, &["workingNodeId"]),
    (Feed::Agent, &["recommendByAgentId"]),
    (Feed::Node, &["parentNodeId"]),
    (Feed::Node, &["organId"]),
    (Feed::Organ, &["parentId"]),
];

/// Of the histories, each with the first date after it.
const HISTORY: [(Feed, &str); 2] =
    [(Feed::Agent, "workingNodeId"), (Feed::Agent, "workingOrganId")];

/// Most rows that are looked at for the statistics of an index.
const ANALYSIS_LIMIT: i64 = 1_000;

/// An index that is to be there.
#[derive(Debug, PartialEq, Eq)]
struct Index {
    name: String,
    on: String,
}

impl Index {
    fn create(&self) -> String {
        format!("create index if not exists {} on {}", quoted(&self.name), self.on)
    }
}

/// Those of the snapshot table of a feed.
fn current(schema: &FeedSchema) -> impl Iterator<Item = Index> {
    let feed = schema.feed;
    CURRENT.iter().filter(move |(of, _)| *of == feed).filter_map(move |(_, fields)| {
        let columns: Vec<&str> = fields.iter().filter_map(|field| column(schema, field)).collect();
        let first = column(schema, fields.first()?)?;
        let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        Some(Index { name: format!("{feed}_{first}"), on: format!("{feed} ({})", list.join(", ")) })
    })
}

/// The columns in those of the snapshot table of a feed.
pub(super) fn columns(schema: &FeedSchema) -> Vec<String> {
    let fields =
        CURRENT.iter().filter(|(of, _)| *of == schema.feed).flat_map(|(_, fields)| *fields);
    fields.filter_map(|field| column(schema, field)).map(str::to_owned).collect()
}

/// Those of the history of a feed.
fn history(schema: &FeedSchema) -> impl Iterator<Item = Index> {
    let feed = schema.feed;
    // By it the versions that hold on a recent date are found without reading all that ended long before.
    let by_end = Index {
        name: format!("{feed}_history_valid_to"),
        on: format!("{feed}_history (valid_to, valid_from)"),
    };
    let by_column =
        HISTORY.iter().filter(move |(of, _)| *of == feed).filter_map(move |(_, field)| {
            let column = column(schema, field)?;
            Some(Index {
                name: format!("{feed}_history_{column}"),
                on: format!("{feed}_history ({}, valid_from)", quoted(column)),
            })
        });
    std::iter::once(by_end).chain(by_column)
}

/// That of a forest.
fn tree(forest: &ForestSchema) -> Index {
    let table = tree_table(&forest.name);
    Index { name: format!("{table}_parent_id"), on: format!("{} (parent_id)", quoted(&table)) }
}

fn column<'a>(schema: &'a FeedSchema, field: &str) -> Option<&'a str> {
    schema.position(field).and_then(|at| schema.fields.get(at)).map(|field| field.column.as_str())
}

/// Makes what is missing, as after the schema has gained a field. Writes nothing if nothing is missing.
pub(in crate::store) fn prepare(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    for feed in &schema.feeds {
        create(conn, history(feed))?;
        if !is_empty(conn, feed.feed.name())? {
            create(conn, current(feed))?;
        }
    }
    for forest in &schema.forests {
        if !is_empty(conn, &quoted(&tree_table(&forest.name)))? {
            create(conn, [tree(forest)])?;
        }
    }
    Ok(())
}

/// Takes those of a snapshot table away before it is filled.
pub(super) fn drop_current(conn: &Connection, schema: &FeedSchema) -> rusqlite::Result<()> {
    drop_all(conn, current(schema))
}

/// Makes those of a snapshot table once it is filled.
pub(super) fn create_current(conn: &Connection, schema: &FeedSchema) -> rusqlite::Result<()> {
    create(conn, current(schema))
}

/// Takes that of a forest away before it is filled.
pub(super) fn drop_tree(conn: &Connection, forest: &ForestSchema) -> rusqlite::Result<()> {
    drop_all(conn, [tree(forest)])
}

/// Makes that of a forest once it is filled.
pub(super) fn create_tree(conn: &Connection, forest: &ForestSchema) -> rusqlite::Result<()> {
    create(conn, [tree(forest)])
}

/// Statistics for the planner of any program that reads the file: of tables that have none yet, and of those whose
/// size has changed much.
pub(in crate::store) fn analyze(conn: &Connection) -> rusqlite::Result<()> {
    /// Looks at all tables, not only at those that this connection has read.
    const ALL_TABLES: i64 = 0x1_0002;
    conn.pragma_update(None, "analysis_limit", ANALYSIS_LIMIT)?;
    conn.pragma_update(None, "optimize", ALL_TABLES)
}

fn create(conn: &Connection, indexes: impl IntoIterator<Item = Index>) -> rusqlite::Result<()> {
    /// In KiB, as SQLite wants it: negative. A sort is made of runs of this size, which are merged in the end, sixteen at
    /// a time. Sorted at once, a million keys are a list that fits no processor's cache, which takes three times as long.
    const RUN_SIZE: i64 = -3_072;
    let cache: i64 = conn.pragma_query_value(None, "cache_size", |row| row.get(0))?;
    conn.pragma_update(None, "cache_size", RUN_SIZE)?;
    // A thread of its own sorts the runs.
    conn.pragma_update_and_check(None, "threads", 1, |_| Ok(()))?;
    let created = indexes.into_iter().try_for_each(|index| conn.execute_batch(&index.create()));
    conn.pragma_update_and_check(None, "threads", 0, |_| Ok(()))?;
    conn.pragma_update(None, "cache_size", cache)?;
    created
}

fn drop_all(conn: &Connection, indexes: impl IntoIterator<Item = Index>) -> rusqlite::Result<()> {
    indexes.into_iter().try_for_each(|index| {
        conn.execute_batch(&format!("drop index if exists {}", quoted(&index.name)))
    })
}

/// Whether a table, given as it stands in a statement, has no rows.
pub(super) fn is_empty(conn: &Connection, table: &str) -> rusqlite::Result<bool> {
    conn.query_row(&format!("select not exists (select 1 from {table})"), [], |row| row.get(0))
}
