//! The columns of the tables of one feed.

use crate::config::schema::FeedSchema;
use crate::model::Feed;
use crate::store::identifier::quoted;

/// Columns that every snapshot table has besides the schema's, in this order.
pub(super) const SNAPSHOT_COLUMNS: [(&str, &str); 3] = [
    ("valid_from", "text not null"),
    ("carried_since", "text"),
    ("content_hash", "integer not null"),
];

/// Whether a column is one that the store adds to the schema's.
pub(super) fn is_snapshot_column(column: &str) -> bool {
    let own = SNAPSHOT_COLUMNS.iter().map(|(name, _)| *name).chain(["valid_to"]);
    own.into_iter().any(|name| name.eq_ignore_ascii_case(column))
}

/// The snapshot and history table of one feed.
#[derive(Debug, Clone)]
pub(super) struct FeedTable {
    /// The feed.
    pub feed: Feed,
    /// The key column.
    pub key: String,
    /// All columns with content, in table order: those of the schema, then those that an earlier schema had.
    pub columns: Vec<String>,
    /// The schema's field of each column; none for a column of an earlier schema.
    pub fields: Vec<Option<usize>>,
    /// Names of the schema's fields.
    pub names: Vec<String>,
    /// Position of the key in `names`.
    pub key_at: usize,
}

impl FeedTable {
    /// The columns with content as the schema has them, those of an earlier schema after them.
    pub(super) fn new(schema: &FeedSchema, stored: &[String]) -> FeedTable {
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

    /// Name of the history.
    pub(super) fn history(&self) -> String {
        format!("{}_history", self.name())
    }

    /// Names of the schema's fields; in the order in which a delivery brings them.
    pub(super) fn fields(&self) -> &[String] {
        &self.names
    }

    /// Name of the key field.
    pub(super) fn key_field(&self) -> &str {
        self.names.get(self.key_at).map_or("", String::as_str)
    }

    /// All columns with content in table order, each with the position of the schema's field that fills it; none for a
    /// column of an earlier schema.
    pub(super) fn content(&self) -> impl Iterator<Item = (&str, Option<usize>)> {
        self.columns.iter().map(String::as_str).zip(self.fields.iter().copied())
    }

    /// The columns that a delivery fills, each with the position of its field.
    pub(super) fn delivered(&self) -> impl Iterator<Item = (&str, usize)> {
        self.columns.iter().zip(&self.fields).filter_map(|(c, f)| f.map(|f| (c.as_str(), f)))
    }

    /// The key column within SQL.
    pub(super) fn quoted_key(&self) -> String {
        quoted(&self.key)
    }

    /// All columns with content, within SQL.
    pub(super) fn all(&self) -> String {
        self.columns.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(", ")
    }
}
