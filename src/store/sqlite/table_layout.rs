//! What the tables of a database look like, for those who copy them into other files.

use crate::store::error::StoreError;
use crate::store::sqlite::reader::Reader;

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its declared type, in lower case; empty where a view has none.
    pub declared: String,
    /// Its place in the primary key, from 1; 0 if it is no part of it.
    pub key_place: u32,
    /// Table and column that it refers to, if it is declared.
    pub references: Option<(String, String)>,
    /// What it is called, in Chinese and in English; empty where the dictionary does not have it.
    pub titles: (String, String),
}

impl Reader {
    /// The columns of a table or view of the file, in order; none if it is not there.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn table_columns(&self, table: &str) -> Result<Vec<TableColumn>, StoreError> {
        let sql = "select i.name, lower(i.type), i.pk, k.\"table\", k.\"to\", \
                   coalesce(d.title_zh, ''), coalesce(d.title_en, '') \
                   from pragma_table_info(?1, 'main') i \
                   left join pragma_foreign_key_list(?1, 'main') k on k.\"from\" = i.name \
                   left join main.data_dictionary d on d.table_name = ?1 and d.column_name = i.name \
                   order by i.cid";
        let read = || -> rusqlite::Result<Vec<TableColumn>> {
            let mut statement = self.connection().prepare(sql)?;
            let rows = statement.query_map([table], |row| {
                let target: Option<String> = row.get(3)?;
                let column: Option<String> = row.get(4)?;
                Ok(TableColumn {
                    name: row.get(0)?,
                    declared: row.get(1)?,
                    key_place: row.get(2)?,
                    references: target.map(|table| (table, column.unwrap_or_else(|| "id".into()))),
                    titles: (row.get(5)?, row.get(6)?),
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.fault(error))
    }

    /// What a table is called, in Chinese and in English; none if the dictionary does not have it.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn table_titles(&self, table: &str) -> Result<Option<(String, String)>, StoreError> {
        let sql = "select title_zh, title_en from main.data_dictionary \
                   where table_name = ?1 and column_name = ''";
        let read = || -> rusqlite::Result<Option<(String, String)>> {
            let mut statement = self.connection().prepare(sql)?;
            let mut rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.next().transpose()
        };
        read().map_err(|error| self.fault(error))
    }

    /// Names and statements of the indexes on a table of the file, and of all views if there is no table.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn definitions(&self, table: Option<&str>) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "select name, sql from main.sqlite_schema where sql is not null and \
                   case when ?1 is null then type = 'view' else type = 'index' and tbl_name = ?1 end \
                   order by rowid";
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self.connection().prepare(sql)?;
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|error| self.fault(error))
    }
}
