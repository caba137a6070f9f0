//! The table `data_dictionary`: titles and meanings of all tables and columns, inside the database itself.
//!
//! Each store keeps them in a TOML file beside its migrations.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::Deserialize;

/// A TOML file that describes tables and columns which are the same for every schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Documentation {
    table: Vec<Description>,
}

/// The entries of such a file, which is a part of the program, sorted.
pub fn entries_of(toml: &str) -> Vec<Entry> {
    let documentation: Documentation =
        toml::from_str(toml).unwrap_or_else(|error| unreachable!("data_dictionary.toml: {error}"));
    let mut entries: Vec<Entry> =
        documentation.table.iter().flat_map(Description::table_entries).collect();
    entries.sort();
    entries
}

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
    /// Type of a column, where it says more than the type that the table declares, or the table declares none.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Whether a column may be empty, where the table does not declare it.
    #[serde(default)]
    pub nullable: Option<bool>,
    /// A made-up value of a column.
    #[serde(default)]
    pub example: Option<String>,
    /// The values of a column that holds one of a few words, each with its meaning in Chinese and English.
    #[serde(default)]
    pub values: Vec<[String; 3]>,
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
    /// Type of a column.
    pub kind: Option<String>,
    /// Whether a column may be empty.
    pub nullable: Option<bool>,
    /// A made-up value of a column.
    pub example: Option<String>,
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
            kind: self.kind.clone(),
            nullable: self.nullable,
            example: self.example.clone(),
        }
    }

    /// The rows for a table and all its columns.
    pub fn table_entries(&self) -> impl Iterator<Item = Entry> {
        let columns = self.columns.iter().map(|column| column.entry(&self.name, &column.name));
        std::iter::once(self.entry(&self.name, "")).chain(columns)
    }

    /// The description with a placeholder replaced in all its texts.
    #[must_use]
    pub fn with(&self, placeholder: &str, text: &str) -> Description {
        let replaced = |of: &str| of.replace(placeholder, text);
        Description {
            name: replaced(&self.name),
            title_zh: replaced(&self.title_zh),
            title_en: replaced(&self.title_en),
            meaning_zh: replaced(&self.meaning_zh),
            meaning_en: replaced(&self.meaning_en),
            example: self.example.as_deref().map(replaced),
            ..self.clone()
        }
    }
}

/// Adds types, and whether a column may be empty, from the tables and views themselves.
///
/// # Errors
/// Any fault of the database.
pub fn complete(conn: &Connection, entries: &mut [Entry]) -> rusqlite::Result<()> {
    let mut declared: BTreeMap<(String, String), (String, bool)> = BTreeMap::new();
    let mut statement = conn.prepare(
        "select s.name, i.name, i.type, not (i.\"notnull\" or i.pk > 0) \
         from sqlite_master s, pragma_table_info(s.name) i where s.type in ('table', 'view')",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kind: String = row.get(2)?;
        declared.insert((row.get(0)?, row.get(1)?), (kind.to_lowercase(), row.get(3)?));
    }
    for entry in entries.iter_mut().filter(|entry| !entry.column.is_empty()) {
        if let Some((kind, nullable)) = declared.get(&(entry.table.clone(), entry.column.clone())) {
            if entry.kind.is_none() && !kind.is_empty() {
                entry.kind = Some(kind.clone());
            }
            entry.nullable.get_or_insert(*nullable);
        }
    }
    Ok(())
}

/// Whether the stored rows are these; `wanted` is sorted.
///
/// # Errors
/// Any fault of the database.
pub fn is_current(conn: &Connection, wanted: &[Entry]) -> rusqlite::Result<bool> {
    Ok(read(conn)? == wanted)
}

/// All rows.
///
/// # Errors
/// Any fault of the database.
pub fn read(conn: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = conn.prepare(
        "select table_name, column_name, title_zh, title_en, meaning_zh, meaning_en, type, nullable, example \
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
            kind: row.get(6)?,
            nullable: row.get(7)?,
            example: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// Replaces all rows.
///
/// # Errors
/// Any fault of the database.
pub fn replace(conn: &Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    conn.execute("delete from data_dictionary", [])?;
    let mut insert = conn.prepare(
        "insert into data_dictionary \
         (table_name, column_name, title_zh, title_en, meaning_zh, meaning_en, type, nullable, example) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for e in entries {
        insert.execute(params![
            e.table,
            e.column,
            e.title_zh,
            e.title_en,
            e.meaning_zh,
            e.meaning_en,
            e.kind,
            e.nullable,
            e.example
        ])?;
    }
    Ok(())
}
