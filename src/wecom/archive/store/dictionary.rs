//! Fills `data_dictionary`: what the tables mean.

use std::sync::LazyLock;

use rusqlite::Connection;
use serde::Deserialize;

use crate::sqlite::dictionary::{self, Description, Entry};

/// `data_dictionary.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Documentation {
    table: Vec<Description>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let documentation: Documentation = toml::from_str(include_str!("data_dictionary.toml"))
        .unwrap_or_else(|error| unreachable!("data_dictionary.toml: {error}"));
    let mut entries: Vec<Entry> =
        documentation.table.iter().flat_map(Description::table_entries).collect();
    entries.sort();
    entries
});

fn entries(conn: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut entries = ENTRIES.clone();
    dictionary::complete(conn, &mut entries)?;
    Ok(entries)
}

/// Whether the stored texts are those of this program.
pub(super) fn is_current(conn: &Connection) -> rusqlite::Result<bool> {
    dictionary::is_current(conn, &entries(conn)?)
}

/// Writes the texts.
pub(super) fn write(conn: &Connection) -> rusqlite::Result<()> {
    dictionary::replace(conn, &entries(conn)?)
}
