//! A workbook: a sheet a table, ids as text, dates as dates, further sheets where one is full.

use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::table::{HASH, Kind, Table};
use super::writer::Writer;
use crate::disk::create_private_file;
use crate::report::xlsx::book::{Book, Cell, SheetRows};
use crate::store::CellValue;

/// Numbers from here on have more digits than a sheet keeps.
const MAX_NUMBER: u64 = 1_000_000_000_000_000;

/// A workbook that is being written.
pub(super) struct XlsxWriter {
    path: PathBuf,
    book: Book,
    sheets: Vec<Worksheet>,
    rows: Option<SheetRows>,
    kinds: Vec<Kind>,
    /// The column of the hash, which is no number to count with.
    hash_at: Option<usize>,
}

impl XlsxWriter {
    pub(super) fn create(path: &Path) -> io::Result<XlsxWriter> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let book = Book::new(folder.unwrap_or(Path::new("."))).map_err(io_error)?;
        let (sheets, rows, kinds) = (Vec::new(), None, Vec::new());
        Ok(XlsxWriter { path: path.to_path_buf(), book, sheets, rows, kinds, hash_at: None })
    }
}

impl Writer for XlsxWriter {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        self.kinds = table.columns.iter().map(|column| column.kind).collect();
        self.hash_at = table.columns.iter().position(|column| column.name == HASH);
        let headings: Vec<String> =
            table.columns.iter().map(|column| column.title.clone()).collect();
        let keys = table.columns.iter().take_while(|column| column.key_place.is_some()).count();
        let keys = u16::try_from(keys.min(2)).unwrap_or_default();
        self.rows =
            Some(self.book.table(&sheet_name(&table.title), &headings, keys).map_err(io_error)?);
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()> {
        let Some(rows) = &mut self.rows else { return Ok(()) };
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        // A sheet keeps 15 digits of a number; longer ones are text, and all hashes are alike.
        let long: Vec<Option<String>> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| match cell {
                CellValue::Integer(n)
                    if n.unsigned_abs() >= MAX_NUMBER || self.hash_at == Some(at) =>
                {
                    Some(n.to_string())
                }
                _ => None,
            })
            .collect();
        let cells =
            cells.iter().zip(&long).zip(&self.kinds).map(|((cell, long), kind)| match cell {
                CellValue::Integer(_) if long.is_some() => Cell::from(long.as_deref()),
                CellValue::Null | CellValue::Blob(_) => Cell::Empty,
                CellValue::Integer(number) => Cell::Decimal(*number as f64),
                CellValue::Real(number) => Cell::Decimal(*number),
                CellValue::Text(text) => match date(text).filter(|_| *kind == Kind::Date) {
                    Some(date) => Cell::Date(date),
                    None => Cell::Text(text),
                },
            });
        rows.row(cells).map_err(io_error)
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(rows) = self.rows.take() {
            self.sheets.extend(rows.finish().map_err(io_error)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let mut file = create_private_file(&self.path).map_err(|error| error.source)?;
        self.book.save(self.sheets, &mut file).map_err(io_error)
    }
}

/// A title as a sheet can have it: none of the characters that mean something in a formula.
fn sheet_name(title: &str) -> String {
    let plain = |c: char| if "[]:*?/\\'".contains(c) { ' ' } else { c };
    let name: String = title.chars().map(plain).collect();
    name.trim().to_owned()
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
