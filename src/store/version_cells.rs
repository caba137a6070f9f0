//! Reads the cells of a version of which derived tables are made, wherever it is.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};

use crate::model::Column;
use crate::store::dates::{IsoDates, iso};
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derived_columns::DerivedColumns;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::stored_key::Place;

/// The prepared statements of one feed.
pub(super) struct VersionCells<'c> {
    current: Statement<'c>,
    ended: Statement<'c>,
    dates: IsoDates,
}

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

impl<'c> VersionCells<'c> {
    /// For the columns of a feed; there has to be one at least.
    pub(super) fn new(
        conn: &'c Connection,
        table: &FeedTable,
        columns: &DerivedColumns,
    ) -> rusqlite::Result<VersionCells<'c>> {
        let (select, key) = (select(columns), table.quoted_key());
        let current = format!("select {select} from {} where {key} = ?1", table.name());
        let ended = format!(
            "select {select} from {} where {key} = ?1 and valid_from = ?2",
            table.history()
        );
        Ok(VersionCells {
            current: conn.prepare(&current)?,
            ended: conn.prepare(&ended)?,
            dates: IsoDates::new(),
        })
    }

    /// The cells of a version; before anything of its key is written.
    pub(super) fn read(
        &mut self,
        key: &str,
        place: Place,
        columns: &DerivedColumns,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> rusqlite::Result<Vec<Option<String>>> {
        let count = columns.columns.len();
        match place {
            Place::Current => self.current.query_row([key], |row| cells(row, 0, count)),
            Place::History(from) => {
                self.ended.query_row([key, &iso(from)], |row| cells(row, 0, count))
            }
            Place::Delivered(row) => {
                let delivery = delivery.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                let cell = |at: &Option<usize>| match at.and_then(|at| delivery.columns().get(at)) {
                    Some(column) => delivered(&mut self.dates, column, row),
                    None => None,
                };
                let mut cell = cell;
                Ok(columns.columns.iter().map(|(_, at)| cell(at)).collect())
            }
        }
    }
}

/// A delivered cell as the table will hold it.
fn delivered(dates: &mut IsoDates, column: &Column<'_>, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    match column {
        Column::Text(array) => Some(array.value(row).to_owned()),
        Column::Int(array) => Some(array.value(row).to_string()),
        Column::Date(array) => dates.text(array.value(row)).map(str::to_owned),
    }
}
