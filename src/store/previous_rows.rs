//! Reads the rows of the snapshot before that a delivery does not bring again as they were.
//!
//! Most rows of most days are the same, which their content hashes tell; only the others are read.

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use crate::config::schema::FeedSchema;
use crate::model::PreviousRows;
use crate::store::error::StoreError;
use crate::store::layout::{FeedTable, quoted};
use crate::store::plan::{Base, Delivered};
use crate::store::rows::{DeliveredRows, first};
use crate::store::stored_feed::StoredFeed;

/// Reads these fields of the rows of one feed that are absent from the delivery, or accepted with other content.
pub(super) fn read(
    conn: &Connection,
    table: &FeedTable,
    select: &Select<'_>,
    date: NaiveDate,
    base: &StoredFeed,
    mut delivery: DeliveredRows<'_>,
) -> rusqlite::Result<PreviousRows> {
    let mut read = PreviousRows::new(&select.fields);
    let mut current = conn.prepare(&select.from(table.name()))?;
    let mut history = conn.prepare(&select.from(&format!("{}_history", table.name())))?;
    let mut cursor = base.cursor();
    while let Some(key) = first(delivery.peek(), cursor.peek()) {
        let (stored, _) = cursor.take(key);
        let (delivered, _) = delivery.take(key);
        let Some(base) = stored.base(date) else { continue };
        let differs = match delivered {
            Delivered::Accepted(hash) => hash != base.hash(),
            Delivered::Absent => true,
            Delivered::Quarantined => false,
        };
        if !differs {
            continue;
        }
        read.push(key);
        match base {
            Base::Open(open) => push_cells(&mut current, open.row, &mut read)?,
            Base::Closed(closed) => push_cells(&mut history, closed.row, &mut read)?,
        }
    }
    Ok(read)
}

/// The columns to read.
pub(super) struct Select<'f> {
    fields: Vec<&'f str>,
    columns: String,
}

impl<'f> Select<'f> {
    /// Those of fields of the schema.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field.
    pub(super) fn new(schema: &FeedSchema, fields: &[&'f str]) -> Result<Select<'f>, StoreError> {
        let column = |field: &&str| {
            let position = schema.position(field);
            let known = position.and_then(|at| schema.fields.get(at)).map(|f| quoted(&f.column));
            known.ok_or_else(|| StoreError::Misuse(format!("{} has no field {field}", schema.feed)))
        };
        let columns = fields.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        // A statement needs a column even where no field is asked for.
        let columns = columns.into_iter().chain(["rowid".to_owned()]).collect::<Vec<_>>();
        Ok(Select { fields: fields.to_vec(), columns: columns.join(", ") })
    }

    fn from(&self, table: &str) -> String {
        format!("select {} from {table} where rowid = ?1", self.columns)
    }
}

fn push_cells(
    statement: &mut Statement<'_>,
    row: i64,
    read: &mut PreviousRows,
) -> rusqlite::Result<()> {
    let width = read.fields().len();
    statement.query_row([row], |row| {
        for at in 0..width {
            match row.get_ref(at)? {
                ValueRef::Null => read.push(""),
                ValueRef::Integer(number) => read.push(&number.to_string()),
                text => read.push(text.as_str()?),
            }
        }
        Ok(())
    })
}
