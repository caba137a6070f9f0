//! Tables that are made from the schema: creating them, adding columns, and the statements that write them.
//!
//! The tables are not `STRICT`, because a reader with a SQLite older than 3.37 (DB Browser 3.12 has 3.35)
//! could not open the file at all.

use rusqlite::{Connection, OptionalExtension};

use crate::config::schema::{FeedSchema, Field, Kind, Schema};
use crate::model::{Feed, Message, PerFeed};
use crate::store::error::StoreError;
use crate::store::feed_table::{FeedTable, SNAPSHOT_COLUMNS, is_snapshot_column};
use crate::store::identifier::quoted;
use crate::store::sqlite::derived_tables;
use crate::store::sqlite::tree_tables;

fn column_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Date(_) => "text",
        Kind::Integer => "integer",
    }
}

/// Refuses a schema whose columns clash with the store's own or with each other.
pub(super) fn check(schema: &Schema) -> Result<(), StoreError> {
    for feed in &schema.feeds {
        for (at, field) in feed.fields.iter().enumerate() {
            let column = &field.column;
            let same = |other: &&str| other.eq_ignore_ascii_case(column);
            let why = if is_snapshot_column(column) {
                Message::fixed("由 orgsnap 自己添加", "is one that orgsnap adds itself")
            } else if ["rowid", "oid", "_rowid_"].iter().any(same) {
                Message::fixed("在 SQLite 中表示行号", "means the row number to SQLite")
            } else if feed.fields.iter().take(at).any(|f| same(&f.column.as_str())) {
                Message::fixed("重复出现", "is there twice")
            } else if at == feed.key && field.kind != Kind::Text {
                Message::fixed("是主键，须为文本", "is the key and has to be a text")
            } else {
                continue;
            };
            return Err(StoreError::Column { feed: feed.feed, column: column.clone(), why });
        }
    }
    Ok(())
}

/// Creates missing tables and adds the columns that the schema has gained. Writes nothing if nothing is missing.
pub(in crate::store) fn prepare(
    conn: &Connection,
    schema: &Schema,
) -> rusqlite::Result<PerFeed<FeedTable>> {
    let tables = PerFeed::try_from_fn(|feed| {
        let feed = schema.feed(feed);
        let stored = columns_of(conn, feed.feed.name())?;
        let table = FeedTable::new(feed, &stored);
        if stored.is_empty() {
            conn.execute_batch(&create_feed(schema, feed, &table))?;
        } else {
            add_columns(conn, schema, feed, &table, &stored)?;
        }
        Ok::<_, rusqlite::Error>(table)
    })?;
    for forest in &schema.forests {
        tree_tables::prepare(conn, schema, forest)?;
    }
    derived_tables::create(conn, schema)?;
    Ok(tables)
}

/// The columns of a table or view, in order; none if it is not there.
pub(in crate::store) fn columns_of(
    conn: &Connection,
    table: &str,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare("select name from pragma_table_info(?1) order by cid")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// The key column of a feed; none if its tables are not made yet.
pub(super) fn key_column(conn: &Connection, feed: Feed) -> rusqlite::Result<Option<String>> {
    // Tables of formats up to 6 have a unique index in place of a declared key; they can still be read.
    // A reader that shows a date has views of the same names.
    let sql = "select name from pragma_table_info(?1, 'main') where pk = 1 \
               union all select name from pragma_index_info(?1 || '_key', 'main') where seqno = 0 limit 1";
    conn.query_row(sql, [feed.name()], |row| row.get(0)).optional()
}

/// A column of a feed with its type. References are declared for the tools that read the file; nothing enforces them, as
/// a key that is missing is a finding.
fn column(schema: &Schema, feed: &FeedSchema, field: &Field) -> String {
    let mut references = schema.references.iter();
    let reference = references.find(|r| r.feed == feed.feed && r.field == field.name);
    let reference = reference.map(|reference| {
        let key = &schema.feed(reference.target).key_field().column;
        format!(" references {} ({})", reference.target, quoted(key))
    });
    format!(
        "{} {}{}",
        quoted(&field.column),
        column_type(&field.kind),
        reference.unwrap_or_default()
    )
}

/// Snapshot rows lie in the order of their keys, so that a first load appends and a scan is sorted, without an index
/// for the key.
pub(super) fn create_feed(schema: &Schema, feed: &FeedSchema, table: &FeedTable) -> String {
    let columns = |key: &str| -> String {
        let columns = feed.fields.iter().enumerate().map(|(at, field)| {
            let key = if at == feed.key { key } else { "" };
            format!("{}{key}, ", column(schema, feed, field))
        });
        columns.collect()
    };
    let own = |columns: &[(&str, &str)]| -> String {
        let columns: Vec<String> =
            columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        columns.join(", ")
    };
    let [from, carried, hash] = SNAPSHOT_COLUMNS;
    format!(
        "create table {name} ({}{}) without rowid;\n\
         create table {history} ({}{}, primary key ({key}, valid_from));\n\
         {view};",
        columns(" not null primary key"),
        own(&[from, carried, hash]),
        columns(" not null"),
        own(&[from, ("valid_to", "text not null"), carried, hash]),
        name = table.name(),
        history = table.history(),
        key = table.quoted_key(),
        view = create_version_view(table),
    )
}

/// The view that unites the open version and the closed ones.
fn create_version_view(table: &FeedTable) -> String {
    let (name, columns) = (table.name(), table.all());
    format!(
        "create view {name}_version as \
         select {columns}, valid_from, null as valid_to, carried_since, content_hash from {name} \
         union all \
         select {columns}, valid_from, valid_to, carried_since, content_hash from {name}_history"
    )
}

fn add_columns(
    conn: &Connection,
    schema: &Schema,
    feed: &FeedSchema,
    table: &FeedTable,
    stored: &[String],
) -> rusqlite::Result<()> {
    let name = table.name();
    let mut widened = false;
    for field in &feed.fields {
        if stored.iter().any(|column| column.eq_ignore_ascii_case(&field.column)) {
            continue;
        }
        let column = column(schema, feed, field);
        for table in [name.to_owned(), table.history()] {
            conn.execute_batch(&format!("alter table {table} add column {column}"))?;
        }
        widened = true;
    }
    if widened {
        conn.execute_batch(&format!("drop view {name}_version; {}", create_version_view(table)))?;
    }
    Ok(())
}
