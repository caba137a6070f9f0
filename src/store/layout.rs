//! Tables that are made from the schema: creating them, adding columns, and the statements that write them.
//!
//! The tables are not `STRICT`, because a reader with a SQLite older than 3.37 (DB Browser 3.12 has 3.35)
//! could not open the file at all.

use rusqlite::{Connection, OptionalExtension};

use crate::config::schema::{FeedSchema, ForestSchema, Kind, Schema};
use crate::model::{Feed, Message, PerFeed};
use crate::store::error::StoreError;

/// Columns that every snapshot table has besides the schema's, in this order.
pub(super) const SNAPSHOT_COLUMNS: [(&str, &str); 3] = [
    ("valid_from", "text not null"),
    ("carried_since", "text"),
    ("content_hash", "integer not null"),
];

/// The columns of a tree table of a forest with levels.
pub(super) const LEVEL_COLUMNS: [(&str, &str); 8] = [
    ("id", "text not null primary key"),
    ("parent_id", "text"),
    ("depth", "integer not null"),
    ("path", "text"),
    ("child_count", "integer not null"),
    ("descendant_count", "integer not null"),
    ("agent_count", "integer not null"),
    ("active_agent_count", "integer not null"),
];

/// The columns of a tree table of a forest without levels.
pub(super) const LINEAGE_COLUMNS: [(&str, &str); 7] = [
    ("id", "text not null primary key"),
    ("parent_id", "text"),
    ("root_id", "text not null"),
    ("depth", "integer not null"),
    ("child_count", "integer not null"),
    ("descendant_count", "integer not null"),
    ("active_descendant_count", "integer not null"),
];

/// A quoted SQL identifier: column names of a job's own schema may be any text.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The snapshot and history table of one feed, and the statements that write them.
#[derive(Debug, Clone)]
pub(super) struct FeedTable {
    /// The feed.
    pub feed: Feed,
    /// The key column.
    pub key: String,
    /// All columns with content, in table order: those of the schema, then those that an earlier schema had.
    columns: Vec<String>,
    /// The schema's field of each column; none for a column of an earlier schema.
    fields: Vec<Option<usize>>,
    /// Names of the schema's fields.
    names: Vec<String>,
    /// Position of the key in `names`.
    key_at: usize,
}

impl FeedTable {
    /// The columns with content as the schema has them, those of an earlier schema after them.
    fn new(schema: &FeedSchema, stored: &[String]) -> FeedTable {
        let mut columns: Vec<String> = schema.fields.iter().map(|f| f.column.clone()).collect();
        let mut fields: Vec<Option<usize>> = (0..columns.len()).map(Some).collect();
        for column in stored {
            let known = columns.iter().any(|c| c.eq_ignore_ascii_case(column));
            if !known && !is_snapshot_column(column) {
                columns.push(column.clone());
                fields.push(None);
            }
        }
        FeedTable {
            feed: schema.feed,
            key: schema.key_field().column.clone(),
            columns,
            fields,
            names: schema.fields.iter().map(|f| f.name.clone()).collect(),
            key_at: schema.key,
        }
    }

    /// Name of the snapshot table.
    pub(super) fn name(&self) -> &'static str {
        self.feed.name()
    }

    /// Names of the schema's fields; their positions are those of the statements' parameters.
    pub(super) fn fields(&self) -> &[String] {
        &self.names
    }

    /// Name of the key field.
    pub(super) fn key_field(&self) -> &str {
        self.names.get(self.key_at).map_or("", String::as_str)
    }

    /// Name of the unique index on the key.
    fn key_index(&self) -> String {
        format!("{}_key", self.name())
    }

    /// Parameter of the business date in [`FeedTable::insert`] and [`FeedTable::overwrite`]; parameters
    /// before it are the schema's fields in order, the content hash follows, then the rowid.
    pub(super) fn date_parameter(&self) -> usize {
        self.names.len() + 1
    }

    /// Inserts a delivered row.
    pub(super) fn insert(&self) -> String {
        let columns: Vec<String> = self.delivered().map(|(column, _)| quoted(column)).collect();
        let parameters: Vec<String> = (1..=self.names.len() + 2).map(|n| format!("?{n}")).collect();
        format!(
            "insert into {} ({}, valid_from, content_hash) values ({})",
            self.name(),
            columns.join(", "),
            parameters.join(", ")
        )
    }

    /// Writes a delivered row over the row with the rowid. The key is unchanged, so neither it
    /// nor its index is written.
    pub(super) fn overwrite(&self) -> String {
        let mut sets: Vec<String> = self
            .columns
            .iter()
            .zip(&self.fields)
            .filter(|(column, _)| **column != self.key)
            .map(|(column, field)| match field {
                Some(field) => format!("{} = ?{}", quoted(column), field + 1),
                None => format!("{} = null", quoted(column)),
            })
            .collect();
        let date = self.date_parameter();
        sets.push(format!(
            "valid_from = ?{date}, carried_since = null, content_hash = ?{}",
            date + 1
        ));
        format!("update {} set {} where rowid = ?{}", self.name(), sets.join(", "), date + 2)
    }

    /// Inserts a delivered row into the history: parameters as in [`FeedTable::insert`], then its end and since when it
    /// was carried when it ended.
    pub(super) fn insert_ended(&self) -> String {
        let columns: Vec<String> = self.delivered().map(|(column, _)| quoted(column)).collect();
        let parameters: Vec<String> = (1..=self.names.len() + 4).map(|n| format!("?{n}")).collect();
        format!(
            "insert into {}_history ({}, valid_from, content_hash, valid_to, carried_since) values ({})",
            self.name(),
            columns.join(", "),
            parameters.join(", ")
        )
    }

    /// Copies the row `?1` of a table of the feed into the history, valid from `?2` to `?3`, carried since `?4`.
    pub(super) fn copy_to_history(&self, source: &str) -> String {
        let columns = self.all();
        format!(
            "insert into {}_history ({columns}, valid_from, valid_to, carried_since, content_hash) \
             select {columns}, ?2, ?3, ?4, content_hash from {source} where rowid = ?1",
            self.name()
        )
    }

    /// Copies the history row `?1` into the snapshot, valid from `?2`, carried since `?3`.
    pub(super) fn copy_to_current(&self) -> String {
        let columns = self.all();
        format!(
            "insert into {0} ({columns}, valid_from, carried_since, content_hash) \
             select {columns}, ?2, ?3, content_hash from {0}_history where rowid = ?1",
            self.name()
        )
    }

    /// Writes the history row `?1` over the snapshot row `?4`, valid from `?2`, carried since `?3`.
    pub(super) fn copy_over_current(&self) -> String {
        let columns = self.all();
        format!(
            "update {0} set ({columns}, valid_from, carried_since, content_hash) = \
             (select {columns}, ?2, ?3, content_hash from {0}_history where rowid = ?1) \
             where rowid = ?4",
            self.name()
        )
    }

    /// Sets the first date of the snapshot row `?1` to `?2`, and since when it is carried to `?3`.
    pub(super) fn set_dates(&self) -> String {
        let name = self.name();
        format!("update {name} set valid_from = ?2, carried_since = ?3 where rowid = ?1")
    }

    /// Sets the end of the history row `?1` to `?2`, and since when it was carried then to `?3`.
    pub(super) fn set_end(&self) -> String {
        let name = self.name();
        format!("update {name}_history set valid_to = ?2, carried_since = ?3 where rowid = ?1")
    }

    /// Deletes the row `?1`.
    pub(super) fn delete(&self) -> String {
        format!("delete from {} where rowid = ?1", self.name())
    }

    /// The history rows of the key `?1` that begin after `?2`, in order: rowid, first date, end, content hash.
    pub(super) fn later_versions(&self) -> String {
        let key = quoted(&self.key);
        format!(
            "select rowid, valid_from, valid_to, content_hash from {}_history \
             where {key} = ?1 and valid_from > ?2 order by valid_from",
            self.name()
        )
    }

    /// Deletes the history row `?1`.
    pub(super) fn delete_history(&self) -> String {
        format!("delete from {}_history where rowid = ?1", self.name())
    }

    /// Drops the key's index. Building it after the first load takes a third of the time of maintaining it row by
    /// row.
    pub(super) fn drop_key_index(&self) -> String {
        format!("drop index if exists {}", self.key_index())
    }

    /// Makes the key's index.
    pub(super) fn create_key_index(&self) -> String {
        format!(
            "create unique index {} on {} ({})",
            self.key_index(),
            self.name(),
            quoted(&self.key)
        )
    }

    fn delivered(&self) -> impl Iterator<Item = (&str, usize)> {
        self.columns.iter().zip(&self.fields).filter_map(|(c, f)| f.map(|f| (c.as_str(), f)))
    }

    fn all(&self) -> String {
        self.columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn is_snapshot_column(column: &str) -> bool {
    let own = SNAPSHOT_COLUMNS.iter().map(|(name, _)| *name).chain(["valid_to"]);
    own.into_iter().any(|name| name.eq_ignore_ascii_case(column))
}

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
pub(super) fn prepare(conn: &Connection, schema: &Schema) -> rusqlite::Result<PerFeed<FeedTable>> {
    let tables = PerFeed::try_from_fn(|feed| {
        let feed = schema.feed(feed);
        let stored = columns_of(conn, feed.feed.name())?;
        let table = FeedTable::new(feed, &stored);
        if stored.is_empty() {
            conn.execute_batch(&create_feed(feed, &table))?;
        } else {
            add_columns(conn, feed, &table, &stored)?;
        }
        Ok::<_, rusqlite::Error>(table)
    })?;
    for forest in &schema.forests {
        conn.execute_batch(&create_tree(forest))?;
    }
    Ok(tables)
}

/// The columns of a table or view, in order; none if it is not there.
pub(super) fn columns_of(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare("select name from pragma_table_info(?1) order by cid")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// The key column of a feed: that of its unique index.
pub(super) fn key_column(conn: &Connection, feed: Feed) -> rusqlite::Result<Option<String>> {
    let sql = "select name from pragma_index_info(?1) where seqno = 0";
    conn.query_row(sql, [format!("{feed}_key")], |row| row.get(0)).optional()
}

fn create_feed(feed: &FeedSchema, table: &FeedTable) -> String {
    let name = table.name();
    let content: Vec<String> = feed
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let null = if at == feed.key { " not null" } else { "" };
            format!("{} {}{null}", quoted(&field.column), column_type(&field.kind))
        })
        .collect();
    let own = |columns: &[(&str, &str)]| -> String {
        columns.iter().map(|(name, kind)| format!(", {name} {kind}")).collect()
    };
    let [from, carried, hash] = SNAPSHOT_COLUMNS;
    format!(
        "create table {name} ({content}{current});\n\
         create table {name}_history ({content}{history});\n\
         create unique index {name}_history_key on {name}_history ({key}, valid_from);\n\
         {index};\n{view};",
        content = content.join(", "),
        current = own(&[from, carried, hash]),
        history = own(&[from, ("valid_to", "text not null"), carried, hash]),
        key = quoted(&table.key),
        index = table.create_key_index(),
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
        let column = format!("{} {}", quoted(&field.column), column_type(&field.kind));
        for table in [name.to_owned(), format!("{name}_history")] {
            conn.execute_batch(&format!("alter table {table} add column {column}"))?;
        }
        widened = true;
    }
    if widened {
        conn.execute_batch(&format!("drop view {name}_version; {}", create_version_view(table)))?;
    }
    Ok(())
}

/// Name of the table of a forest.
pub(super) fn tree_table(forest: &str) -> String {
    format!("{forest}_tree")
}

/// The columns of the table of a forest, with their types.
pub(super) fn tree_columns(forest: &ForestSchema) -> &'static [(&'static str, &'static str)] {
    if forest.has_levels() { &LEVEL_COLUMNS } else { &LINEAGE_COLUMNS }
}

fn create_tree(forest: &ForestSchema) -> String {
    let columns: Vec<String> =
        tree_columns(forest).iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    format!(
        "create table if not exists {} ({}) without rowid",
        quoted(&tree_table(&forest.name)),
        columns.join(", ")
    )
}
