//! CSV for Excel: UTF-8 with a mark, lines end with CRLF, nothing is taken for a formula or rounded as a number.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::table::{Kind, Table};
use super::writer::Writer;
use crate::disk::create_private_file;
use crate::report::csv::as_text;
use crate::store::CellValue;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// Excel shows numbers of more digits with an exponent.
const MAX_DIGITS: usize = 11;

/// Numbers from here on have more digits than Excel keeps.
const MAX_NUMBER: u64 = 1_000_000_000_000_000;

/// A file of one table.
pub(super) struct CsvWriter {
    out: csv::Writer<BufWriter<File>>,
    kinds: Vec<Kind>,
    cell: Vec<u8>,
}

impl CsvWriter {
    pub(super) fn create(path: &Path) -> io::Result<CsvWriter> {
        let mut file = BufWriter::new(create_private_file(path).map_err(|error| error.source)?);
        file.write_all(BOM)?;
        let out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        Ok(CsvWriter { out, kinds: Vec::new(), cell: Vec::new() })
    }
}

impl Writer for CsvWriter {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        self.kinds = table.columns.iter().map(|column| column.kind).collect();
        self.out.write_record(table.columns.iter().map(|column| &column.name))?;
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()> {
        for (cell, kind) in cells.iter().zip(&self.kinds) {
            self.cell.clear();
            match cell {
                CellValue::Null => {}
                // Excel keeps 15 digits of a number.
                CellValue::Integer(number) if number.unsigned_abs() >= MAX_NUMBER => {
                    write!(self.cell, "=\"{number}\"")?;
                }
                CellValue::Integer(number) => write!(self.cell, "{number}")?,
                CellValue::Real(number) => write!(self.cell, "{number}")?,
                CellValue::Blob(bytes) => {
                    for byte in *bytes {
                        write!(self.cell, "{byte:02x}")?;
                    }
                }
                CellValue::Text(text) if *kind == Kind::Text && is_read_as_number(text) => {
                    write!(self.cell, "=\"{text}\"")?;
                }
                CellValue::Text(text) => self.cell.extend_from_slice(as_text(text).as_bytes()),
            }
            self.out.write_field(&self.cell)?;
        }
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

/// Whether Excel would round the text or drop its zeros: digits, many of them or after a zero.
fn is_read_as_number(text: &str) -> bool {
    let is_altered = text.len() > MAX_DIGITS || (text.len() > 1 && text.starts_with('0'));
    is_altered && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_excel_would_change_are_told_from_others() {
        for (text, changed) in [
            ("86010101010101", true),
            ("0012", true),
            ("86", false),
            ("0", false),
            ("12345678901x", false),
        ] {
            assert_eq!(is_read_as_number(text), changed, "{text}");
        }
    }
}
