//! The publication of a date: the object that makes it visible. Its JSON is stable: `schemas/lake-publication.schema.json`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::error::LakeError;

/// The format that this program writes.
pub(super) const FORMAT: u32 = 1;
/// The JSON Schema of a publication.
pub const SCHEMA: &str = include_str!("../../schemas/lake-publication.schema.json");

/// What a publication does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// It holds all rows of the date.
    Full,
    /// It holds what differs from the publication that it continues.
    Delta,
    /// The date was taken back: it has no state any more.
    Retracted,
}

impl Form {
    /// Its name in paths and documents.
    pub fn name(self) -> &'static str {
        match self {
            Form::Full => "full",
            Form::Delta => "delta",
            Form::Retracted => "retracted",
        }
    }
}

/// A publication of a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The format of this document.
    pub format: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The tenant.
    pub tenant: String,
    /// The date.
    #[serde(with = "iso")]
    pub business_date: NaiveDate,
    /// Its revision, from 1; the highest one holds.
    pub revision: u32,
    /// What it does.
    pub form: Form,
    /// The run that published the date; none if it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The mark of all dates up to this one with their runs: equal marks mean equal states.
    pub history: String,
    /// The name of the folders of its files, which its rows have in `lake_run`; none if the date was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The publication that a delta continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// Its tables.
    pub tables: Vec<PublishedTable>,
}

/// The publication that a delta continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Its date.
    #[serde(with = "iso")]
    pub business_date: NaiveDate,
    /// Its revision.
    pub revision: u32,
}

/// A table of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTable {
    /// Its name.
    pub name: String,
    /// Whether its rows are the state of the date, or what happened on the date or was counted on it.
    pub scope: Scope,
    /// The names of the columns that identify a row.
    pub key: Vec<String>,
    /// Its columns, besides those of the lake.
    pub columns: Vec<PublishedColumn>,
    /// Rows of the date, after all deltas.
    pub rows: u64,
    /// The sum of the hashes of these rows, in hex, whatever their order.
    pub rows_hash: String,
    /// Its files; a delta may have none.
    pub files: Vec<DataFile>,
}

/// What the rows of a table are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The state: a full copy, and deltas by key.
    State,
    /// The date alone: each publication has its own rows.
    Date,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedColumn {
    /// Its name.
    pub name: String,
    /// `text`, `integer`, `real` or `date`.
    pub kind: String,
}

/// A data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its path below the root of the lake.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// How many of them say that a row is gone.
    pub removed: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in lowercase hex.
    pub sha256: String,
}

/// Dates as ISO texts.
mod iso {
    use chrono::NaiveDate;
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(date: &NaiveDate, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDate, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Publication {
    /// Reads one.
    pub(super) fn parse(file: &str, content: &[u8]) -> Result<Publication, LakeError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |e: serde_json::Error| LakeError::Damaged {
            file: file.to_owned(),
            reason: e.to_string(),
        };
        let head: Head = serde_json::from_slice(content).map_err(damaged)?;
        if head.format > FORMAT {
            return Err(LakeError::Newer { file: file.to_owned(), found: head.format });
        }
        serde_json::from_slice(content).map_err(damaged)
    }

    /// Its document.
    pub(super) fn document(&self) -> Result<Vec<u8>, LakeError> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| LakeError::Damaged {
            file: format!("publication {} of {}", self.revision, self.business_date),
            reason: error.to_string(),
        })?;
        Ok((text + "\n").into_bytes())
    }

    /// A table of it.
    pub(super) fn table(&self, name: &str) -> Option<&PublishedTable> {
        self.tables.iter().find(|table| table.name == name)
    }
}
