//! `findings.xlsx`: the workbook in which the provider of a delivery works through its findings.
//!
//! It is written row by row, with the rows of a sheet in a file without a name beside it, so that a million findings take
//! no more memory than ten. It holds what the provider delivered, names included.

mod about;
mod book;
mod causes;
mod corrections;
mod dictionary;
mod findings;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::{DeliveredFiles, Feed, Finding, RuleMeta, RunReport};

use super::file::{self, WriteError};
use super::formatting;
use super::language::Language;
use super::rule_page;
use book::Book;

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

/// What the sheets are made of.
struct Content<'a> {
    report: &'a RunReport,
    delivered: &'a dyn DeliveredFiles,
    language: Language,
    rules: BTreeMap<&'a str, Rule<'a>>,
}

/// What a rule says of itself, in one language.
#[derive(Clone, Copy, Default)]
struct Rule<'a> {
    summary: &'a str,
    mend: &'a str,
}

impl<'a> Content<'a> {
    fn new(
        report: &'a RunReport,
        delivered: &'a dyn DeliveredFiles,
        catalogue: &[&'a RuleMeta],
        language: Language,
    ) -> Content<'a> {
        let rule = |meta: &&'a RuleMeta| {
            let mend = rule_page::how_to_mend(language, meta);
            (meta.code, Rule { summary: language.of(&meta.summary), mend })
        };
        Content { report, delivered, language, rules: catalogue.iter().map(rule).collect() }
    }

    fn rule(&self, code: &str) -> Rule<'a> {
        self.rules.get(code).copied().unwrap_or_default()
    }

    /// The name of a feed's file as delivered; that of the feed where none came.
    fn file(&self, feed: Feed) -> &'a str {
        self.report.file(feed).map_or(feed.name(), |file| file.name.as_str())
    }

    /// The number of a finding's cause in the sheet of causes.
    fn cause(&self, finding: &Finding) -> Option<u64> {
        finding.cause.map(|at| at as u64 + 1)
    }

    /// Since when a finding has been there, in a word.
    fn status(&self, finding: &Finding) -> &'static str {
        match finding.age {
            None => "",
            Some(age) if age.is_new() => self.language.choose("新出现", "new"),
            Some(_) => self.language.choose("仍存在", "persisting"),
        }
    }

    fn level(&self, finding: &Finding) -> &'static str {
        formatting::level(self.language, finding.level)
    }
}
