//! Tables that later formats have added, for what also reads a database of an earlier one.

use rusqlite::Connection;

/// The name of a table, or, where the database does not have it, a query of these columns without rows.
pub(super) fn table_or_none(
    conn: &Connection,
    table: &str,
    columns: &[&str],
) -> rusqlite::Result<String> {
    if conn.table_exists(None, table)? {
        return Ok(table.to_owned());
    }
    let columns: Vec<String> = columns.iter().map(|column| format!("null as {column}")).collect();
    Ok(format!("(select {} where false)", columns.join(", ")))
}

/// The columns of the table of approvals.
pub(super) const APPROVAL: [&str; 6] =
    ["run", "refused_run", "approved", "approved_by", "reason", "waived"];

/// The columns of the table of retractions.
pub(super) const RETRACTION: [&str; 5] =
    ["business_date", "run", "retracted", "retracted_by", "reason"];
