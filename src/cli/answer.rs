//! The rows that a statement answers with, on standard output: as a table, as CSV for programs, as JSON.

use std::io::{self, BufWriter, Stdout, Write};

use clap::ValueEnum;
use orgsnap::report::{Column, Language, formatting, table, visible};
use orgsnap::store::{CellValue, RowSink};
use serde_json::{Map, Number, Value};

use super::environment::Environment;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: aligned, control characters made visible.
    Table,
    /// For programs: UTF-8 without a mark, lines end with LF, no value is empty.
    Csv,
    /// For programs.
    Json,
}

impl Format {
    /// The format asked for; a table on a terminal and CSV elsewhere.
    pub(super) fn or_default(asked: Option<Format>, environment: &Environment) -> Format {
        asked.unwrap_or(if environment.on_terminal { Format::Table } else { Format::Csv })
    }
}

/// Rows on their way to standard output, of one tenant after the other.
pub(super) struct Answer {
    format: Format,
    language: Language,
    width: usize,
    /// Most rows; none for all.
    limit: Option<u64>,
    /// Whether each row has its tenant in front.
    has_tenant: bool,
    tenant: String,
    columns: Option<Vec<String>>,
    rows: u64,
    is_cut: bool,
    /// Rows of a table, whose widths are known at its end.
    kept: Vec<Vec<String>>,
    /// Whether all cells of a column are numbers.
    numbers: Vec<bool>,
    out: Output,
}

enum Output {
    Plain(BufWriter<Stdout>),
    Csv(Box<csv::Writer<BufWriter<Stdout>>>),
}

impl Answer {
    /// No rows yet.
    pub(super) fn new(
        format: Format,
        limit: Option<u64>,
        has_tenant: bool,
        environment: &Environment,
    ) -> Answer {
        let out = BufWriter::new(io::stdout());
        Answer {
            format,
            language: environment.language,
            width: environment.table_width(),
            limit,
            has_tenant,
            tenant: String::new(),
            columns: None,
            rows: 0,
            is_cut: false,
            kept: Vec::new(),
            numbers: Vec::new(),
            out: match format {
                Format::Csv => Output::Csv(Box::new(csv::Writer::from_writer(out))),
                Format::Table | Format::Json => Output::Plain(out),
            },
        }
    }

    /// The rows that follow are of this tenant.
    pub(super) fn begin(&mut self, tenant: &str) {
        tenant.clone_into(&mut self.tenant);
    }

    /// Whether rows were left out because of the limit.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Rows printed.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the answer. `more` stands beside the rows in JSON.
    pub(super) fn finish(mut self, more: Map<String, Value>) -> io::Result<()> {
        match (self.format, &mut self.out) {
            (Format::Json, Output::Plain(out)) => {
                if self.columns.is_none() {
                    out.write_all(b"{\"columns\": [], \"rows\": [")?;
                }
                out.write_all(b"\n]")?;
                for (name, value) in more {
                    write!(out, ",\n{}: {value}", Value::from(name))?;
                }
                out.write_all(b"}\n")?;
                out.flush()
            }
            (Format::Table, Output::Plain(out)) => {
                let columns = self.columns.take().unwrap_or_default();
                let header: Vec<&str> = columns.iter().map(String::as_str).collect();
                let kinds: Vec<Column> = self
                    .numbers
                    .iter()
                    .map(|number| if *number { Column::Number } else { Column::Text })
                    .collect();
                if !header.is_empty() {
                    let drawn = table(&kinds, &header, &self.kept, 0, self.width);
                    out.write_all(drawn.as_bytes())?;
                }
                let count = formatting::count(self.language, self.rows, "行", "row", "rows");
                writeln!(out, "({count})")?;
                out.flush()
            }
            (_, Output::Csv(out)) => out.flush(),
            (Format::Csv, Output::Plain(out)) => out.flush(),
        }
    }

    fn head(&mut self) -> io::Result<()> {
        let columns = self.columns.as_deref().unwrap_or_default();
        match &mut self.out {
            Output::Csv(out) => out.write_record(columns).map_err(io_error),
            Output::Plain(out) if self.format == Format::Json => {
                write!(out, "{{\"columns\": {}, \"rows\": [", Value::from(columns))
            }
            Output::Plain(_) => {
                self.numbers = vec![true; columns.len()];
                Ok(())
            }
        }
    }
}

impl RowSink for Answer {
    fn columns(&mut self, names: &[&str]) -> io::Result<()> {
        let tenant = self.has_tenant.then_some("tenant");
        let names: Vec<String> =
            tenant.into_iter().chain(names.iter().copied()).map(str::to_owned).collect();
        match &self.columns {
            None => {
                self.columns = Some(names);
                self.head()
            }
            Some(first) if *first == names => Ok(()),
            // One header stands above the rows of all tenants.
            Some(first) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("columns {}, not {}", names.join(", "), first.join(", ")),
            )),
        }
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool> {
        if self.limit.is_some_and(|limit| self.rows >= limit) {
            self.is_cut = true;
            return Ok(false);
        }
        self.rows += 1;
        let tenant = self.has_tenant.then(|| CellValue::Text(self.tenant.as_str().into()));
        let cells = tenant.iter().chain(cells);
        match &mut self.out {
            Output::Csv(out) => {
                for cell in cells {
                    match cell {
                        CellValue::Text(text) => {
                            out.write_field(text.as_bytes()).map_err(io_error)?
                        }
                        other => out.write_field(plain(other)).map_err(io_error)?,
                    }
                }
                out.write_record(None::<&[u8]>).map_err(io_error)?;
            }
            Output::Plain(out) if self.format == Format::Json => {
                out.write_all(if self.rows > 1 { b",\n{" } else { b"\n{" })?;
                for (at, (name, cell)) in self.columns.iter().flatten().zip(cells).enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(out, "{comma}{}: {}", Value::from(name.as_str()), json(cell))?;
                }
                out.write_all(b"}")?;
            }
            Output::Plain(_) => {
                let mut row = Vec::new();
                for (at, cell) in cells.enumerate() {
                    let is_number = !matches!(cell, CellValue::Text(_) | CellValue::Blob(_));
                    if let Some(number) = self.numbers.get_mut(at) {
                        *number &= is_number;
                    }
                    row.push(visible(&plain(cell)).into_owned());
                }
                self.kept.push(row);
            }
        }
        Ok(true)
    }
}

/// The fault as the system has it: a reader that went away is to be told from others.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A cell as text; bytes in hexadecimal digits.
fn plain(cell: &CellValue<'_>) -> String {
    match cell {
        CellValue::Null => String::new(),
        CellValue::Integer(number) => number.to_string(),
        CellValue::Real(number) => number.to_string(),
        CellValue::Text(text) => text.to_string(),
        CellValue::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn json(cell: &CellValue<'_>) -> Value {
    match cell {
        CellValue::Null => Value::Null,
        CellValue::Integer(number) => Value::from(*number),
        // JSON has no infinity.
        CellValue::Real(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        CellValue::Text(text) => Value::from(text.as_ref()),
        CellValue::Blob(_) => Value::from(plain(cell)),
    }
}
