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

/// Signs of numbers, amounts, dates and times.
const SIGNS: &str = ".,:/-+%()$¥￥ 年月日时分秒";
/// Words in them.
const WORDS: [&str; 28] = [
    "e",
    "a",
    "p",
    "am",
    "pm",
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const TRUTH: [&str; 2] = ["true", "false"];
/// Digits of Chinese texts, which are digits to Excel too.
const FULL_WIDTH: std::ops::RangeInclusive<char> = '０'..='９';

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
                CellValue::Text(text) if *kind != Kind::Date && is_altered(text) => {
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

/// Whether Excel would show another text: it rounds long numbers, drops zeros, and takes texts for numbers, dates, times
/// and truth values.
fn is_altered(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.len() > MAX_DIGITS || (text.len() > 1 && text.starts_with('0'));
    }
    let text = text.to_lowercase();
    if TRUTH.contains(&text.as_str()) {
        return true;
    }
    let is_digit = |c: char| c.is_ascii_digit() || FULL_WIDTH.contains(&c);
    let is_word = |word: &str| word.is_empty() || WORDS.contains(&word);
    text.contains(is_digit)
        && text.chars().all(|c| is_digit(c) || c.is_ascii_lowercase() || SIGNS.contains(c))
        && text.split(|c: char| !c.is_ascii_lowercase()).all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_excel_would_change_are_told_from_others() {
        for text in [
            "86010101010101",
            "0012",
            "1E5",
            "8601E10",
            "8601e-10",
            "3-1",
            "1-2",
            "2024/1",
            "2024-11-22",
            "10:30",
            "10:30 pm",
            "1 1/2",
            "5%",
            "-5",
            "+5",
            "1,000",
            "0.10",
            "Sep2",
            "3-march",
            "3月1日",
            "１２３",
            "￥5",
            "TRUE",
        ] {
            assert!(is_altered(text), "{text}");
        }
        let kept =
            ["", "86", "0", "12345678901x", "T0001", "8601F10", "张三", "1级", "-", "E", "may"];
        for text in kept {
            assert!(!is_altered(text), "{text}");
        }
    }
}
