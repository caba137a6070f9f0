//! A feed's records as a polars frame in which every row knows its physical line.

use polars::prelude::*;
use polars_arrow::array::{Array, PrimitiveArray, Utf8ViewArray};

use super::feed::Feed;

/// The name of the line-number column. Feed fields are letters and digits, so it cannot collide.
const LINE: &str = "_line";

/// The records of one feed that split into the right number of fields.
///
/// Shape: one row a record in file order; one column a schema field in schema order (`String`, `Int64`
/// or `Date`, null where the cell is empty or did not cast, trimmed), then the 1-based physical line.
/// Every column is one contiguous chunk.
#[derive(Debug, Clone)]
pub struct Table {
    feed: Feed,
    frame: DataFrame,
    /// Content hash of each row: equal content, equal hash, whatever the file's layout was.
    hashes: Vec<u64>,
}

/// A column of a [`Table`], borrowed as a plain array; index it by row.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Text; `get(row)` is `None` where the cell is empty.
    Text(&'a Utf8ViewArray),
    /// Integers.
    Int(&'a PrimitiveArray<i64>),
    /// Dates as days since 1970-01-01.
    Date(&'a PrimitiveArray<i32>),
}

impl Table {
    /// Puts a table together. `columns` follow the schema's fields; `lines` and `hashes` have one
    /// entry a row.
    ///
    /// # Errors
    /// If the columns differ in length or repeat a name (a bug in the parser).
    pub fn new(
        feed: Feed,
        mut columns: Vec<polars::prelude::Column>,
        lines: Vec<u32>,
        hashes: Vec<u64>,
    ) -> PolarsResult<Table> {
        let height = lines.len();
        polars_ensure!(hashes.len() == height, ComputeError: "one hash a row");
        columns.push(UInt32Chunked::from_vec(LINE.into(), lines).into_series().into());
        let mut frame = DataFrame::new(height, columns)?;
        frame.rechunk_mut();
        Ok(Table { feed, frame, hashes })
    }

    /// The feed.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// The polars frame: the schema's fields, then `_line`.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Content hashes by row.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Physical line numbers by row, 1-based.
    pub fn lines(&self) -> &[u32] {
        match self.frame.column(LINE).and_then(|c| c.u32()) {
            Ok(lines) => lines.downcast_as_array().values().as_slice(),
            Err(_) => &[],
        }
    }

    /// The column of a field, by the schema's field name; `None` if the schema has no such field.
    pub fn column(&self, field: &str) -> Option<Column<'_>> {
        let column = self.frame.column(field).ok()?;
        match column.dtype() {
            DataType::String => Some(Column::Text(column.str().ok()?.downcast_as_array())),
            DataType::Int64 => Some(Column::Int(column.i64().ok()?.downcast_as_array())),
            DataType::Date => Some(Column::Date(column.date().ok()?.phys.downcast_as_array())),
            _ => None,
        }
    }

    /// A text column, by the schema's field name.
    pub fn text(&self, field: &str) -> Option<&Utf8ViewArray> {
        match self.column(field)? {
            Column::Text(array) => Some(array),
            Column::Int(_) | Column::Date(_) => None,
        }
    }
}

impl Column<'_> {
    /// Whether the cell has no value.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Column::Text(a) => a.is_null(row),
            Column::Int(a) => a.is_null(row),
            Column::Date(a) => a.is_null(row),
        }
    }
}
