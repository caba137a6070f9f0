//! Reads the organs of which branches are made.

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::config::schema::Schema;
use crate::store::branches::{self, Branches};
use crate::store::dates::iso;
use crate::store::identifier::quoted;

/// Reads the organs of the snapshot before the date.
pub(super) fn read(
    conn: &Connection,
    schema: &Schema,
    date: NaiveDate,
) -> rusqlite::Result<Branches> {
    let Some((column, columns)) = branches::columns(schema) else {
        return Ok(Branches::default());
    };
    let select = columns.map(|c| quoted(&c)).join(", ");
    let sql = format!(
        "select {select} from organ where valid_from < ?1 \
         union all select {select} from organ_history where valid_from < ?1 and ?1 <= valid_to"
    );
    let mut statement = conn.prepare(&sql)?;
    let rows =
        statement.query_map([iso(date)], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(Branches::with_column(&rows.collect::<rusqlite::Result<_>>()?, column))
}
