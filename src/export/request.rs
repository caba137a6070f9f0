//! What is exported: from which tenants, to what, and what was written.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::model::Language;
use crate::store::{Reader, SnapshotInfo, StoreError};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV for Excel.
    Csv,
    /// A workbook.
    Xlsx,
    /// Typed columns, compressed.
    Parquet,
    /// A database.
    Sqlite,
}

impl Format {
    /// Whether one file holds all tables.
    pub fn is_one_file(self) -> bool {
        matches!(self, Format::Xlsx | Format::Sqlite)
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Parquet => "parquet",
            Format::Sqlite => "db",
        }
    }
}

/// A tenant whose tables are exported, its database showing the date.
#[derive(Debug)]
pub struct Source {
    /// The tenant's id.
    pub tenant: String,
    /// Its database.
    pub reader: Reader,
    /// The snapshot that it shows.
    pub snapshot: SnapshotInfo,
    /// What its job says of its fields.
    pub schema: Schema,
}

impl Source {
    /// Opens the database of a tenant as of a date.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if there is no snapshot of the date or before; any fault of the database.
    pub fn open(
        tenant: &str,
        database: &Path,
        date: Option<NaiveDate>,
        schema: Schema,
    ) -> Result<Source, StoreError> {
        let mut reader = Reader::open_existing(database)?;
        let snapshot = reader.show_date(date)?;
        Ok(Source { tenant: tenant.to_owned(), reader, snapshot, schema })
    }
}

/// What to export.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The tables; none for those of a snapshot with its trees.
    pub tables: &'r [String],
    /// What to write.
    pub format: Format,
    /// Whether each row has its tenant in front.
    pub has_tenant: bool,
    /// Whether names of people are masked.
    pub mask: bool,
    /// The language of headings.
    pub language: Language,
    /// The file, or the folder of several.
    pub out: &'r Path,
    /// Whether what is there is replaced.
    pub force: bool,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// The file.
    pub path: PathBuf,
}
