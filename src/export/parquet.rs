//! Parquet: typed columns, compressed with zstd, in row groups of bounded size.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::request::Source;
use super::table::{Column, Kind, Table};
use super::writer::Writer;
use crate::disk::create_private_file;
use crate::store::CellValue;

/// Rows that are kept in memory until their group is written.
const GROUP: usize = 65_536;

/// A file of one table.
pub struct ParquetWriter {
    path: PathBuf,
    /// What the file says of its origin.
    facts: Vec<KeyValue>,
    file: Option<SerializedFileWriter<File>>,
    columns: Vec<Buffer>,
    rows: usize,
}

/// The cells of one column of a row group. `there` says for each row whether it has a value.
struct Buffer {
    is_required: bool,
    there: Vec<i16>,
    cells: Cells,
}

enum Cells {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Date(Vec<i32>),
}

impl ParquetWriter {
    /// A file at this place, for the table that is begun next. `facts` are names and values that the file says of its
    /// origin.
    pub fn new(path: &Path, facts: &[(&str, String)]) -> ParquetWriter {
        let fact = |(name, value): &(&str, String)| {
            KeyValue::new(format!("orgsnap.{name}"), value.clone())
        };
        ParquetWriter {
            path: path.to_path_buf(),
            facts: facts.iter().map(fact).collect(),
            file: None,
            columns: Vec::new(),
            rows: 0,
        }
    }

    /// A file of the tables of these sources.
    pub(super) fn of_sources(path: &Path, sources: &[Source]) -> ParquetWriter {
        let all = |text: &dyn Fn(&Source) -> String| {
            sources.iter().map(text).collect::<Vec<String>>().join(" ")
        };
        let facts = [
            ("tenant", all(&|source| source.tenant.clone())),
            ("business_date", all(&|source| source.snapshot.date.to_string())),
            ("run", all(&|source| source.snapshot.run.to_string())),
        ];
        ParquetWriter::new(path, &facts)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let Some(file) = self.file.as_mut().filter(|_| self.rows > 0) else { return Ok(()) };
        let mut group = file.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            let there = (!column.is_required).then_some(column.there.as_slice());
            match &mut column.cells {
                Cells::Text(cells) => {
                    writer.typed::<ByteArrayType>().write_batch(cells, there, None)?;
                    cells.clear();
                }
                Cells::Integer(cells) => {
                    writer.typed::<Int64Type>().write_batch(cells, there, None)?;
                    cells.clear();
                }
                Cells::Real(cells) => {
                    writer.typed::<DoubleType>().write_batch(cells, there, None)?;
                    cells.clear();
                }
                Cells::Date(cells) => {
                    writer.typed::<Int32Type>().write_batch(cells, there, None)?;
                    cells.clear();
                }
            }
            column.there.clear();
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Writer for ParquetWriter {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        let fields = table.columns.iter().map(|column| field(column).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(io_error)?;
        let schema = Type::group_type_builder(&table.name).with_fields(fields).build();
        let level = ZstdLevel::try_new(1).map_err(io_error)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("orgsnap ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(self.facts.clone()))
            .build();
        let file = create_private_file(&self.path).map_err(|error| error.source)?;
        let schema = Arc::new(schema.map_err(io_error)?);
        let file = SerializedFileWriter::new(file, schema, Arc::new(properties));
        self.file = Some(file.map_err(io_error)?);
        self.columns = table.columns.iter().map(Buffer::of).collect();
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell)?;
        }
        self.rows += 1;
        match self.rows {
            GROUP => self.write_group().map_err(io_error),
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.write_group().map_err(io_error)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        match self.file.take() {
            Some(file) => file.close().map(drop).map_err(io_error),
            None => Ok(()),
        }
    }
}

impl Buffer {
    fn of(column: &Column) -> Buffer {
        let cells = match column.kind {
            Kind::Text => Cells::Text(Vec::new()),
            Kind::Integer => Cells::Integer(Vec::new()),
            Kind::Real => Cells::Real(Vec::new()),
            Kind::Date => Cells::Date(Vec::new()),
        };
        Buffer { is_required: column.key_place.is_some(), there: Vec::new(), cells }
    }

    /// Adds a cell. What is not of the column's kind cannot be told from what is, so it ends the export.
    fn push(&mut self, cell: &CellValue<'_>) -> io::Result<()> {
        let other = |cell: &CellValue<'_>| {
            let text = format!("{cell:?} is not of the kind of its column");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        };
        self.there.push(i16::from(*cell != CellValue::Null));
        match (&mut self.cells, cell) {
            (_, CellValue::Null) if !self.is_required => {}
            (Cells::Text(cells), CellValue::Text(text)) => {
                cells.push(text.as_bytes().to_vec().into())
            }
            (Cells::Text(cells), CellValue::Integer(number)) => {
                cells.push(number.to_string().into_bytes().into());
            }
            (Cells::Text(cells), CellValue::Real(number)) => {
                cells.push(number.to_string().into_bytes().into());
            }
            (Cells::Integer(cells), CellValue::Integer(number)) => cells.push(*number),
            (Cells::Real(cells), CellValue::Real(number)) => cells.push(*number),
            (Cells::Real(cells), CellValue::Integer(number)) => cells.push(*number as f64),
            (Cells::Date(cells), CellValue::Text(text)) => match text.parse::<NaiveDate>() {
                Ok(date) => cells.push(date.to_epoch_days()),
                Err(_) => return other(cell),
            },
            _ => return other(cell),
        }
        Ok(())
    }
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
    };
    let repetition =
        if column.key_place.is_some() { Repetition::REQUIRED } else { Repetition::OPTIONAL };
    Type::primitive_type_builder(&column.name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .build()
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
