//! The rows of one feed as a delivery brings them, in key order.

use polars_arrow::array::Utf8ViewArray;

use crate::model::{Column, Table};
use crate::store::dates::IsoDates;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::stored_key::{Content, Place};
use crate::timeline::Observation;

/// The rows of one feed as a delivery brings them.
#[derive(Debug, Clone, Copy)]
pub struct NewRows<'a> {
    /// The parsed records.
    pub table: &'a Table,
    /// Row numbers of the accepted records, strictly ascending by the bytes of their keys.
    pub accepted: &'a [u32],
    /// Keys of which rows were delivered and quarantined, in any order, accepted ones allowed among them.
    pub quarantined: &'a [&'a str],
}

/// The delivered rows, checked to be in key order.
#[derive(Clone)]
pub(super) struct DeliveredRows<'a> {
    accepted: &'a [u32],
    keys: &'a Utf8ViewArray,
    hashes: &'a [u64],
    /// One a field, in the order of the schema.
    columns: Vec<Column<'a>>,
    quarantined: Vec<&'a str>,
    /// The organisations of the rows, where rows belong to branches.
    organs: Option<&'a Utf8ViewArray>,
    next_accepted: usize,
    next_quarantined: usize,
}

impl<'a> DeliveredRows<'a> {
    /// Looks up the columns and checks the order.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a column is missing or the rows are not in key order: skipped rows would
    /// be taken for absent ones.
    pub(super) fn new(
        rows: NewRows<'a>,
        table: &FeedTable,
    ) -> Result<DeliveredRows<'a>, StoreError> {
        let feed = table.feed;
        let missing = |field: &str| StoreError::Misuse(format!("{feed} has no column {field}"));
        let keys = rows.table.text(table.key_field()).ok_or_else(|| missing(table.key_field()))?;
        let columns = table
            .fields()
            .iter()
            .map(|field| rows.table.column(field).ok_or_else(|| missing(field)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut before: Option<&str> = None;
        for row in rows.accepted {
            let key = keys.get(*row as usize);
            if key <= before {
                return Err(StoreError::Misuse(format!("{feed} is not in key order at row {row}")));
            }
            before = key;
        }
        let mut quarantined = rows.quarantined.to_vec();
        quarantined.sort_unstable();
        quarantined.dedup();
        Ok(DeliveredRows {
            accepted: rows.accepted,
            keys,
            hashes: rows.table.hashes(),
            columns,
            quarantined,
            organs: None,
            next_accepted: 0,
            next_quarantined: 0,
        })
    }

    /// Names the field with the organisations of the rows, where rows belong to branches.
    pub(super) fn with_organs(self, rows: NewRows<'a>, field: Option<&str>) -> DeliveredRows<'a> {
        let organs = field.and_then(|field| rows.table.text(field));
        DeliveredRows { organs, ..self }
    }

    /// The organisations of the rows, where rows belong to branches.
    pub(super) fn organs(&self) -> Option<&'a Utf8ViewArray> {
        self.organs
    }

    /// The columns, one a field, in the order of the schema.
    pub(super) fn columns(&self) -> &[Column<'a>] {
        &self.columns
    }

    /// The content hash of a row as it is stored.
    pub(super) fn hash(&self, row: usize) -> i64 {
        self.hashes.get(row).copied().unwrap_or_default().cast_signed()
    }

    /// The key of a row; empty beyond the end.
    #[cfg(feature = "postgres")]
    pub(super) fn key(&self, row: usize) -> &'a str {
        self.keys.get(row).unwrap_or_default()
    }

    /// A cell as the tables show it: a text, whatever its type. None if it is empty or the schema has no such field.
    pub(super) fn cell(
        &self,
        field: Option<usize>,
        row: usize,
        dates: &mut IsoDates,
    ) -> Option<String> {
        let column = field.and_then(|at| self.columns.get(at))?;
        if column.is_null(row) {
            return None;
        }
        match column {
            Column::Text(array) => Some(array.value(row).to_owned()),
            Column::Int(array) => Some(array.value(row).to_string()),
            Column::Date(array) => dates.text(array.value(row)).map(str::to_owned),
        }
    }

    fn accepted(&self) -> Option<(&'a str, usize)> {
        let row = *self.accepted.get(self.next_accepted)? as usize;
        self.keys.get(row).map(|key| (key, row))
    }

    /// The next key, without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let accepted = self.accepted().map(|(key, _)| key);
        first(accepted, self.quarantined.get(self.next_quarantined).copied())
    }

    /// Consumes the rows of a key that is not after the next one; returns what the delivery says of it.
    pub(super) fn take(&mut self, key: &str) -> Observation<Content> {
        let mut seen = Observation::Absent;
        if self.quarantined.get(self.next_quarantined) == Some(&key) {
            self.next_quarantined += 1;
            seen = Observation::Quarantined;
        }
        if let Some((_, row)) = self.accepted().filter(|(accepted, _)| *accepted == key) {
            self.next_accepted += 1;
            let content = Content { hash: self.hash(row), place: Place::Delivered(row) };
            seen = Observation::Accepted(content);
        }
        seen
    }
}

/// The smaller of two keys that may be there.
pub(super) fn first<'a>(one: Option<&'a str>, other: Option<&'a str>) -> Option<&'a str> {
    match (one, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
