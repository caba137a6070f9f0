//! Reads the cells of a version of which derived tables are made, wherever it is.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::store::derived_columns::DerivedColumns;
use crate::store::identifier::quoted;

/// The columns within SQL.
pub(super) fn select(columns: &DerivedColumns) -> String {
    let columns: Vec<String> = columns.columns.iter().map(|(column, _)| quoted(column)).collect();
    columns.join(", ")
}

/// So many cells of a row, from a position on.
pub(super) fn cells(
    row: &Row<'_>,
    first: usize,
    count: usize,
) -> rusqlite::Result<Vec<Option<String>>> {
    let cell = |at: usize| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            text => Some(text.as_str()?.to_owned()),
        })
    };
    (first..first + count).map(cell).collect()
}
