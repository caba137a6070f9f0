//! Reads the dictionary with what the file knows of its tables, for tools that show the file.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::model::Message;
use crate::sqlite::dictionary;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::views::{AGENT_NOW, RECRUIT_LINE, TEAM_CHECK};

/// The views that SQLite reads in the order of their key, and its name.
const BY_KEY: [&str; 3] = [AGENT_NOW, RECRUIT_LINE, TEAM_CHECK];
const KEY: &str = "id";

/// A table or view with its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedTable {
    /// Its name.
    pub name: String,
    /// Title.
    pub title: Message,
    /// Meaning.
    pub meaning: Message,
    /// Its columns, in the order of their names.
    pub columns: Vec<DocumentedColumn>,
    /// Number of rows; none of a view.
    pub rows: Option<u64>,
    /// The columns that an index or the key begins with; of a view the key of the table that it begins with.
    pub indexed: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedColumn {
    /// Its name.
    pub name: String,
    /// Title.
    pub title: Message,
    /// Meaning.
    pub meaning: Message,
    /// Whether it holds one of a few codes.
    pub is_coded: bool,
}

impl Reader {
    /// All tables and views that the dictionary describes, by name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if nothing was imported yet; any fault of the database.
    pub fn documentation(&self) -> Result<Vec<DocumentedTable>, StoreError> {
        read(self.connection()).map_err(|error| self.fault(error))
    }
}

fn read(conn: &Connection) -> rusqlite::Result<Vec<DocumentedTable>> {
    let mut coded: Vec<(String, String)> = Vec::new();
    let mut statement = conn.prepare("select distinct table_name, column_name from code_label")?;
    for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        coded.push(row?);
    }
    let mut tables: BTreeMap<String, DocumentedTable> = BTreeMap::new();
    // The row of a table comes before those of its columns.
    for entry in dictionary::read(conn)? {
        let title = Message::new(entry.title_zh, entry.title_en);
        let meaning = Message::new(entry.meaning_zh, entry.meaning_en);
        if entry.column.is_empty() {
            let table = DocumentedTable {
                rows: rows_of(conn, &entry.table)?,
                indexed: indexed(conn, &entry.table)?,
                name: entry.table.clone(),
                title,
                meaning,
                columns: Vec::new(),
            };
            tables.insert(entry.table, table);
        } else if let Some(table) = tables.get_mut(&entry.table) {
            if BY_KEY.contains(&table.name.as_str()) && entry.column == KEY {
                table.indexed.push(KEY.to_owned());
            }
            let is_coded = coded.contains(&(entry.table, entry.column.clone()));
            table.columns.push(DocumentedColumn { name: entry.column, title, meaning, is_coded });
        }
    }
    Ok(tables.into_values().collect())
}

fn rows_of(conn: &Connection, table: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "select exists (select 1 from sqlite_master where type = 'table' and name = ?1)";
    if !conn.query_row(sql, [table], |row| row.get::<_, bool>(0))? {
        return Ok(None);
    }
    let sql = format!("select count(*) from {}", quoted(table));
    conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|rows| rows.try_into().ok())
}

fn indexed(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "select distinct i.name from pragma_index_list(?1) l, pragma_index_info(l.name) i \
               where i.seqno = 0 and i.name is not null order by 1";
    conn.prepare(sql)?.query_map([table], |row| row.get(0))?.collect()
}
