//! A table that no snapshot holds, row by row to CSV or a workbook.

use std::path::Path;

use super::csv::CsvWriter;
use super::error::ExportError;
use super::files::Target;
use super::table::{Column, Kind, Table};
use super::writer::Writer;
use super::xlsx::XlsxWriter;
use crate::store::CellValue;

/// A table to be written.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'l> {
    /// Its title, the name of the sheet.
    pub title: &'l str,
    /// Its columns.
    pub columns: &'l [ListingColumn],
    /// The file.
    pub out: &'l Path,
    /// CSV or a workbook.
    pub format: ListingFormat,
    /// Whether what is there is replaced.
    pub force: bool,
}

/// What a listing can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingFormat {
    /// CSV for Excel.
    Csv,
    /// A workbook.
    Xlsx,
}

/// A column of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingColumn {
    /// Its name, the heading in CSV.
    pub name: &'static str,
    /// Its heading in a workbook.
    pub title: String,
    /// Whether it holds dates.
    pub is_date: bool,
}

/// Takes a row of a listing.
pub type WriteRow<'w> = dyn FnMut(&[CellValue<'_>]) -> Result<(), ExportError> + 'w;

/// Writes a listing, whose rows `rows` hands over one by one; returns how many they were. The file appears complete or not at
/// all.
///
/// # Errors
/// [`ExportError`]: a file that is there already, faults of the disk; what `rows` fails with.
pub fn write_listing<E: From<ExportError>>(
    listing: &Listing<'_>,
    rows: impl FnOnce(&mut WriteRow<'_>) -> Result<(), E>,
) -> Result<u64, E> {
    let wrote = |error| ExportError::Write(listing.out.to_path_buf(), error);
    let target = Target::begin(listing.out, true, listing.force)?;
    let mut writer: Box<dyn Writer> = match listing.format {
        ListingFormat::Csv => Box::new(CsvWriter::create(target.path()).map_err(wrote)?),
        ListingFormat::Xlsx => Box::new(XlsxWriter::create(target.path()).map_err(wrote)?),
    };
    let column = |column: &ListingColumn| Column {
        name: column.name.to_owned(),
        title: column.title.clone(),
        kind: if column.is_date { Kind::Date } else { Kind::Text },
        key_place: None,
        references: None,
        is_tenant: false,
    };
    let table = Table {
        name: listing.title.to_owned(),
        title: listing.title.to_owned(),
        columns: listing.columns.iter().map(column).collect(),
    };
    writer.begin(&table).map_err(wrote)?;
    let mut written = 0;
    rows(&mut |cells| {
        written += 1;
        writer.row(cells).map_err(wrote)
    })?;
    writer.end().map_err(wrote)?;
    writer.finish().map_err(wrote)?;
    target.finish()?;
    Ok(written)
}
