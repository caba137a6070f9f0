//! `findings.xlsx`: the workbook in which the provider of a delivery works through its findings.
//!
//! It is written row by row, with the rows of a sheet in a file without a name beside it, so that a million findings take
//! no more memory than ten. It holds what the provider delivered, names included.

mod about;
pub mod book;
mod causes;
mod content;
mod corrections;
mod dictionary;
mod findings;

use std::fs::File;
use std::io;
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::{DeliveredFiles, Feed, RuleMeta, RunReport};

use super::file::{self, WriteError};
use super::language::Language;
use book::Book;
use content::Content;

/// Name of the workbook within the report folder of a run.
pub const FILE_NAME: &str = "findings.xlsx";

/// Writes the workbook to the folder, which is made if it is not there, and returns its path. `catalogue` knows what the
/// rules mean. The file appears complete or not at all.
///
/// # Errors
/// If the folder or the file cannot be written.
pub fn write(
    dir: &Path,
    report: &RunReport,
    delivered: &dyn DeliveredFiles,
    catalogue: &[&RuleMeta],
    language: Language,
) -> Result<PathBuf, WriteError> {
    file::write(dir, FILE_NAME, |file| write_to(file, dir, report, delivered, catalogue, language))
}

/// Writes the workbook to an open file; rows wait in a file without a name in `folder`.
///
/// # Errors
/// If one of the files cannot be written.
pub fn write_to(
    file: &mut File,
    folder: &Path,
    report: &RunReport,
    delivered: &dyn DeliveredFiles,
    catalogue: &[&RuleMeta],
    language: Language,
) -> io::Result<()> {
    let content = Content::new(report, delivered, catalogue, language);
    let book = Book::new(folder).map_err(io_error)?;
    let sheets = sheets(&book, &content).map_err(io_error)?;
    book.save(sheets, file).map_err(io_error)
}

/// All sheets in their order. The two long ones are filled side by side.
fn sheets(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let mut sheets = about::write(book, content)?;
    sheets.extend(causes::write(book, content)?);
    let (findings, corrections) = thread::scope(|scope| {
        let findings = scope.spawn(|| findings::write(book, content));
        let corrections: Result<Vec<_>, XlsxError> =
            Feed::ALL.into_iter().map(|feed| corrections::write(book, content, feed)).collect();
        (findings.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)), corrections)
    });
    sheets.extend(findings?);
    sheets.extend(corrections?.into_iter().flatten());
    sheets.extend(dictionary::write(book, content)?);
    Ok(sheets)
}

fn io_error(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => error,
        error => io::Error::other(error),
    }
}
