//! Names of tables and columns within SQL.

/// A quoted SQL identifier: column names of a job's own schema may be any text.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
