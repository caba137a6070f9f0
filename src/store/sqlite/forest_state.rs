//! Of what the stored forests were made, so that a delivery can be compared with the forests of its own former rows instead
//! of reading a million rows back.

use rusqlite::Connection;

use crate::config::schema::Schema;
use crate::store::made_by::made_by;

/// Whether the stored forests are exactly what this program makes of the rows of the newest snapshot.
pub(super) fn is_current(conn: &Connection, schema: &Schema) -> rusqlite::Result<bool> {
    let sql = "select count(*) from forest where made_by = ?1";
    let current: i64 = conn.query_row(sql, [made_by(schema)], |row| row.get(0))?;
    Ok(usize::try_from(current) == Ok(schema.forests.len()))
}

/// Notes that all forests have been made of the rows of the newest snapshot.
pub(super) fn note(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let sql = "update forest set made_by = ?1 where made_by is not ?1";
    conn.execute(sql, [made_by(schema)]).map(drop)
}
