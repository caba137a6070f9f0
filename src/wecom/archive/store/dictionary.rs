//! Fills `data_dictionary`: what the tables mean.

use std::sync::LazyLock;

use rusqlite::Connection;

use crate::sqlite::dictionary::{self, Entry};

static ENTRIES: LazyLock<Vec<Entry>> =
    LazyLock::new(|| dictionary::entries_of(include_str!("data_dictionary.toml")));

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
