//! The table `data_dictionary`: titles and meanings of all tables and columns, inside the database itself.
//!
//! Each store keeps them in a TOML file beside its migrations.

use rusqlite::{Connection, params};
use serde::Deserialize;

/// A table or column as the TOML file describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name in the database.
    pub name: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Meaning in Chinese.
    pub meaning_zh: String,
    /// Meaning in English.
    pub meaning_en: String,
    /// The columns of a table.
    #[serde(default)]
    pub columns: Vec<Description>,
}

/// One row of `data_dictionary`, in the order of its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The table.
    pub table: String,
    /// The column; empty for the table itself.
    pub column: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Meaning in Chinese.
    pub meaning_zh: String,
    /// Meaning in English.
    pub meaning_en: String,
}

impl Description {
    /// The row for a table, or for one of its columns.
    pub fn entry(&self, table: &str, column: &str) -> Entry {
        Entry {
            table: table.to_owned(),
            column: column.to_owned(),
            title_zh: self.title_zh.clone(),
            title_en: self.title_en.clone(),
            meaning_zh: self.meaning_zh.clone(),
            meaning_en: self.meaning_en.clone(),
        }
    }

    /// The rows for a table and all its columns.
    pub fn table_entries(&self) -> impl Iterator<Item = Entry> {
        let columns = self.columns.iter().map(|column| column.entry(&self.name, &column.name));
        std::iter::once(self.entry(&self.name, "")).chain(columns)
    }
}

/// Whether the stored rows are these; `wanted` is sorted.
///
/// # Errors
/// Any fault of the database.
pub fn is_current(conn: &Connection, wanted: &[Entry]) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare(
        "select table_name, column_name, title_zh, title_en, meaning_zh, meaning_en \
         from data_dictionary order by table_name, column_name",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Entry {
            table: row.get(0)?,
            column: row.get(1)?,
            title_zh: row.get(2)?,
            title_en: row.get(3)?,
            meaning_zh: row.get(4)?,
            meaning_en: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<Entry>>>()? == wanted)
}

/// Replaces all rows.
///
/// # Errors
/// Any fault of the database.
pub fn replace(conn: &Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    conn.execute("delete from data_dictionary", [])?;
    let mut insert = conn.prepare(
        "insert into data_dictionary (table_name, column_name, title_zh, title_en, meaning_zh, meaning_en) \
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for e in entries {
        insert.execute(params![
            e.table,
            e.column,
            e.title_zh,
            e.title_en,
            e.meaning_zh,
            e.meaning_en
        ])?;
    }
    Ok(())
}
