//! The tables of a date as files for other tools: CSV for Excel, workbooks, Parquet, SQLite.
//!
//! Rows go one by one from the database to the file, so that memory does not grow with them. A file appears complete or not
//! at all, under its own name, and only its owner can read it.

mod csv;
mod error;
mod files;
mod listing;
mod masking;
mod parquet;
mod request;
mod sqlite;
mod table;
mod writer;
mod xlsx;

use std::collections::BTreeSet;
use std::io;

use crate::dated;
use crate::model::Feed;
use crate::store::{CellValue, Question, RowSink, StatementError};

pub use error::ExportError;
use files::Target;
pub use listing::{Listing, ListingColumn, ListingFormat, WriteRow, write_listing};
use masking::{Masking, RowMask};
pub use parquet::ParquetWriter;
pub use request::{Format, Request, Source, Written};
pub use table::{Column, Kind, Table, quoted};
pub use writer::Writer;

/// Tables beside those of a snapshot that can be asked for, if the database has them.
const FURTHER: [&str; 10] = [
    "agent_now",
    "recruit_line",
    "team_check",
    "agent_event",
    "node_event",
    "headcount",
    "headcount_below",
    "code_label",
    "data_dictionary",
    "snapshot",
];

/// Writes the tables of the sources.
///
/// # Errors
/// [`ExportError`]: a table that is not there, tenants whose columns differ, a file that is there already, faults of the
/// database and of the disk.
pub fn export(sources: &mut [Source], request: &Request<'_>) -> Result<Vec<Written>, ExportError> {
    let Some(first) = sources.first() else { return Ok(Vec::new()) };
    let names = table_names(first, request)?;
    for source in sources.iter_mut() {
        dated::fill_trees(&mut source.reader, &names.iter().cloned().collect::<BTreeSet<_>>())?;
    }
    let tables = names
        .iter()
        .map(|name| Table::read(name, sources, request))
        .collect::<Result<Vec<Table>, ExportError>>()?;
    let is_one = request.format.is_one_file() || tables.len() == 1;
    let target = Target::begin(request.out, is_one, request.force)?;
    let mut written = Vec::new();
    let wrote = |error: io::Error| ExportError::Write(request.out.to_path_buf(), error);
    if is_one {
        let mut writer = open(&target, &tables, sources, request).map_err(wrote)?;
        for table in &tables {
            let rows = write_table(table, sources, request, writer.as_mut())?;
            written.push(Written { table: table.name.clone(), rows, path: target.shown(None) });
        }
        writer.finish().map_err(wrote)?;
    } else {
        for table in &tables {
            let name = format!("{}.{}", table.name, request.format.extension());
            let one = target.file(&name);
            let mut writer =
                open(&one, std::slice::from_ref(table), sources, request).map_err(wrote)?;
            let rows = write_table(table, sources, request, writer.as_mut())?;
            writer.finish().map_err(wrote)?;
            written.push(Written {
                table: table.name.clone(),
                rows,
                path: target.shown(Some(&name)),
            });
        }
    }
    target.finish()?;
    Ok(written)
}

/// The tables asked for, or those of a snapshot; each is there.
fn table_names(source: &Source, request: &Request<'_>) -> Result<Vec<String>, ExportError> {
    let feeds = [Feed::Organ, Feed::Node, Feed::Principal, Feed::Agent];
    let mut usual: Vec<String> = feeds.map(|feed| feed.name().to_owned()).to_vec();
    usual.extend(source.reader.forests()?.iter().map(|forest| format!("{forest}_tree")));
    let mut known = usual.clone();
    for name in FURTHER {
        if !source.reader.table_columns(name)?.is_empty() {
            known.push(name.to_owned());
        }
    }
    if request.tables.is_empty() {
        if request.format == Format::Sqlite {
            let beside = ["snapshot", "forest", "code_label", "data_dictionary"];
            for name in beside {
                if !source.reader.table_columns(name)?.is_empty() {
                    usual.push(name.to_owned());
                }
            }
        }
        return Ok(usual);
    }
    let mut names: Vec<String> = Vec::new();
    for name in request.tables {
        if !known.contains(name) {
            return Err(ExportError::UnknownTable { name: name.clone(), known });
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    Ok(names)
}

fn open(
    target: &Target,
    tables: &[Table],
    sources: &[Source],
    request: &Request<'_>,
) -> io::Result<Box<dyn Writer>> {
    let path = target.path();
    Ok(match request.format {
        Format::Csv => Box::new(csv::CsvWriter::create(path)?),
        Format::Xlsx => Box::new(xlsx::XlsxWriter::create(path)?),
        Format::Parquet => Box::new(ParquetWriter::of_sources(path, sources)),
        Format::Sqlite => Box::new(sqlite::SqliteWriter::create(path, tables, sources, request)?),
    })
}

/// Writes the rows of a table, tenant by tenant.
fn write_table(
    table: &Table,
    sources: &[Source],
    request: &Request<'_>,
    writer: &mut dyn Writer,
) -> Result<u64, ExportError> {
    let wrote = |error: io::Error| ExportError::Write(request.out.to_path_buf(), error);
    writer.begin(table).map_err(wrote)?;
    let mut rows = 0;
    for source in sources {
        let masking = request.mask.then(|| Masking::of(source));
        let mask = masking.as_ref().map(|masking| masking.rows(table));
        let tenant = request.has_tenant.then_some(source.tenant.as_str());
        let mut copy = Copy { tenant, mask, writer: &mut *writer, rows: 0 };
        let sql = table.select(source.snapshot.date);
        let question = Question { sql: &sql, parameters: &[] };
        let asked = source.reader.ask(&question, None, &mut copy);
        rows += copy.rows;
        asked.map_err(|error| match error {
            StatementError::Write(error) => wrote(error),
            StatementError::Store(error) => ExportError::Store(error),
            other => ExportError::Statement(table.name.clone(), other),
        })?;
    }
    writer.end().map_err(wrote)?;
    Ok(rows)
}

/// Rows on their way from a tenant's database to the writer.
struct Copy<'c> {
    /// The tenant that stands before each row.
    tenant: Option<&'c str>,
    /// What is hidden of each column.
    mask: Option<RowMask<'c>>,
    writer: &'c mut dyn Writer,
    rows: u64,
}

impl RowSink for Copy<'_> {
    fn columns(&mut self, _: &[&str]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool> {
        self.rows += 1;
        if self.tenant.is_none() && self.mask.is_none() {
            self.writer.row(cells)?;
            return Ok(true);
        }
        let tenant = self.tenant.map(|tenant| CellValue::Text(tenant.into()));
        let shown = cells.iter().enumerate().map(|(at, cell)| match (&self.mask, cell) {
            (Some(mask), CellValue::Text(text)) => CellValue::Text(mask.shown(cells, at, text)),
            (_, cell) => cell.clone(),
        });
        let cells: Vec<CellValue<'_>> = tenant.into_iter().chain(shown).collect();
        self.writer.row(&cells)?;
        Ok(true)
    }
}
