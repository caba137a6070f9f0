//! A SQLite file as of a date: the tables with their keys and indexes, and the views over them.

use std::io;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, params_from_iter};

use super::request::{Request, Source};
use super::table::{Kind, Table, quoted};
use super::writer::Writer;
use crate::disk::create_private_file;
use crate::store::CellValue;

/// A database that is being written.
pub(super) struct SqliteWriter {
    conn: Connection,
    insert: String,
    /// Statements that are run when all rows are there.
    after: Vec<String>,
    views: Vec<(String, String)>,
}

impl SqliteWriter {
    pub(super) fn create(
        path: &Path,
        tables: &[Table],
        sources: &[Source],
        request: &Request<'_>,
    ) -> io::Result<SqliteWriter> {
        drop(create_private_file(path).map_err(|error| error.source)?);
        let conn = Connection::open(path).map_err(io_error)?;
        // The file counts when it is complete, and is thrown away otherwise. Keys are declared for tools to see; one that
        // names nothing is a finding and no fault.
        let pragmas = "pragma foreign_keys = off; pragma journal_mode = off; pragma synchronous = off; pragma page_size = 8192; begin;";
        conn.execute_batch(pragmas).map_err(io_error)?;
        let mut writer =
            SqliteWriter { conn, insert: String::new(), after: Vec::new(), views: Vec::new() };
        for table in tables {
            let sql = create_table(table, tables, request.has_tenant);
            writer.conn.execute_batch(&sql).map_err(io_error)?;
        }
        // The rows of several tenants have the same keys, so that views over one are wrong over several.
        if let ([source], false) = (sources, request.has_tenant) {
            for table in tables {
                let indexes =
                    source.reader.definitions(Some(&table.name)).map_err(io::Error::other)?;
                writer.after.extend(indexes.into_iter().map(|(_, sql)| sql));
            }
            writer.views = source.reader.definitions(None).map_err(io::Error::other)?;
            writer.views.retain(|(name, _)| tables.iter().all(|table| table.name != *name));
        }
        Ok(writer)
    }
}

impl Writer for SqliteWriter {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        let places = vec!["?"; table.columns.len()].join(", ");
        self.insert = format!("insert into {} values ({places})", quoted(&table.name));
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()> {
        let mut statement = self.conn.prepare_cached(&self.insert).map_err(io_error)?;
        let values = cells.iter().map(|cell| {
            ToSqlOutput::Borrowed(match cell {
                CellValue::Null => ValueRef::Null,
                CellValue::Integer(number) => ValueRef::Integer(*number),
                CellValue::Real(number) => ValueRef::Real(*number),
                CellValue::Text(text) => ValueRef::Text(text.as_bytes()),
                CellValue::Blob(bytes) => ValueRef::Blob(bytes),
            })
        });
        statement.execute(params_from_iter(values)).map(drop).map_err(io_error)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        for sql in &self.after {
            // An index on a column that is left out.
            match self.conn.execute_batch(sql) {
                Err(error) if error.to_string().contains("no such column") => {}
                done => done.map_err(io_error)?,
            }
        }
        for (name, sql) in &self.views {
            self.conn.execute_batch(sql).map_err(io_error)?;
            // A view over tables that are not in the file is of no use there.
            let tried = format!("select * from {} limit 0", quoted(name));
            if self.conn.prepare(&tried).is_err() {
                let drop = format!("drop view {}", quoted(name));
                self.conn.execute_batch(&drop).map_err(io_error)?;
            }
        }
        self.conn.execute_batch("pragma analysis_limit = 1000; analyze; commit").map_err(io_error)
    }
}

/// The statement that makes a table. References to tables that are not in the file are left out, as are those among several
/// tenants, where a key alone names nothing.
fn create_table(table: &Table, tables: &[Table], has_tenant: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    for column in &table.columns {
        let kind = match column.kind {
            Kind::Integer => "integer",
            Kind::Real => "real",
            Kind::Text | Kind::Date => "text",
        };
        let null = if column.key_place.is_some() { " not null" } else { "" };
        let references = column
            .references
            .as_ref()
            .filter(|(target, _)| !has_tenant && tables.iter().any(|table| table.name == *target));
        let references = references
            .map(|(target, to)| format!(" references {} ({})", quoted(target), quoted(to)))
            .unwrap_or_default();
        parts.push(format!("{} {kind}{null}{references}", quoted(&column.name)));
    }
    let mut keys: Vec<(u32, String)> =
        table.columns.iter().filter_map(|c| Some((c.key_place?, quoted(&c.name)))).collect();
    keys.sort();
    let keys: Vec<String> = keys.into_iter().map(|(_, name)| name).collect();
    let end = match keys.is_empty() {
        true => "",
        false => {
            parts.push(format!("primary key ({})", keys.join(", ")));
            " without rowid"
        }
    };
    format!("create table {} ({}){end}", quoted(&table.name), parts.join(", "))
}

fn io_error(error: Error) -> io::Error {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull.into(),
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            io::ErrorKind::PermissionDenied.into()
        }
        _ => io::Error::other(error),
    }
}
