//! Reads the keys and some fields of stored rows.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row, Statement};

use crate::config::schema::FeedSchema;
use crate::model::StoredRows;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;

/// The key and other columns of a feed.
pub(super) struct Select<'f> {
    fields: Vec<&'f str>,
    columns: String,
    key: String,
}

impl<'f> Select<'f> {
    /// The key, then these fields of the schema.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field.
    pub(super) fn new(schema: &FeedSchema, fields: &[&'f str]) -> Result<Select<'f>, StoreError> {
        let column = |field: &&str| {
            let position = schema.position(field);
            let known = position.and_then(|at| schema.fields.get(at)).map(|f| quoted(&f.column));
            known.ok_or_else(|| StoreError::Misuse(format!("{} has no field {field}", schema.feed)))
        };
        let key = quoted(&schema.key_field().column);
        let others = fields.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let columns = [vec![key.clone()], others].concat().join(", ");
        Ok(Select { fields: fields.to_vec(), columns, key })
    }

    /// The key column, then these columns, each as the field of that name.
    pub(super) fn of_columns(key: &str, columns: &[(&'f str, &str)]) -> Select<'f> {
        let key = quoted(key);
        let others = columns.iter().map(|(_, column)| quoted(column)).collect();
        let selected = [vec![key.clone()], others].concat().join(", ");
        Select { fields: columns.iter().map(|(field, _)| *field).collect(), columns: selected, key }
    }

    /// No rows, with these fields.
    pub(super) fn rows(&self) -> StoredRows {
        StoredRows::new(&self.fields)
    }

    /// The statement that reads the row of the key `?1`.
    pub(super) fn current(&self, table: &FeedTable) -> String {
        format!("select {} from {} where {} = ?1", self.columns, table.name(), self.key)
    }

    /// The statement that reads the history row of the key `?1` that begins on `?2`.
    pub(super) fn ended(&self, table: &FeedTable) -> String {
        let Select { columns, key, .. } = self;
        format!("select {columns} from {} where {key} = ?1 and valid_from = ?2", table.history())
    }

    /// Reads a row by such a statement.
    pub(super) fn push_row(
        &self,
        statement: &mut Statement<'_>,
        address: impl Params,
        read: &mut StoredRows,
    ) -> rusqlite::Result<()> {
        statement.query_row(address, |row| self.push(row, read))
    }

    /// Reads all rows of a table, by key.
    pub(super) fn all(&self, conn: &Connection, table: &str) -> rusqlite::Result<StoredRows> {
        let Select { columns, key, .. } = self;
        let mut read = self.rows();
        let mut statement =
            conn.prepare(&format!("select {columns} from {table} order by {key}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.push(row, &mut read)?;
        }
        Ok(read)
    }

    fn push(&self, row: &Row<'_>, read: &mut StoredRows) -> rusqlite::Result<()> {
        for at in 0..=self.fields.len() {
            match row.get_ref(at)? {
                ValueRef::Null => read.push(""),
                ValueRef::Integer(number) => read.push(&number.to_string()),
                text => read.push(text.as_str()?),
            }
        }
        Ok(())
    }
}
