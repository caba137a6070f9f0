//! Reads the data files of publications back.

use std::collections::BTreeMap;
use std::fs::File;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::difference::Difference;
use super::error::LakeError;
use super::keyed_row::BETWEEN;
use super::opened::Lake;
use super::publication::{DataFile, PublishedTable, Scope};
use super::row_hash::{Cell, RowHasher};
use super::table_file::sum;
use super::tables::{REMOVED, RUN, TENANT, is_own};

/// The rows of a table, by key: hash, and a number that tells who has seen the row last.
pub(super) type TableState = BTreeMap<String, (u128, u32)>;

/// Where the rows come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'e> {
    pub tenant: &'e str,
    /// The folder of the publication.
    pub run: &'e str,
}

/// Takes the rows of the files of a published table into its state. What is wrong with a file is a difference.
pub(super) fn apply(
    lake: &Lake,
    expected: Expected<'_>,
    table: &PublishedTable,
    state: &mut TableState,
    differences: &mut Vec<Difference>,
) -> Result<(), LakeError> {
    if table.scope == Scope::Date {
        state.clear();
    }
    for file in &table.files {
        let shown = lake.shown(&file.path);
        let Some(local) = lake.local(&file.path)? else {
            differences.push(Difference::FileMissing { file: shown });
            continue;
        };
        let failed = |source| LakeError::Storage { file: shown.clone(), source };
        let (bytes, sha256) = sum(&local.path).map_err(failed)?;
        if (bytes, &sha256) != (file.bytes, &file.sha256) {
            differences.push(Difference::FileChanged { file: shown });
            continue;
        }
        let open = File::open(&local.path).map_err(failed)?;
        let damaged = |reason: String| LakeError::Damaged { file: shown.clone(), reason };
        let read = rows(open, expected, table, file, state);
        if let Err(reason) = read {
            return Err(damaged(reason));
        }
    }
    Ok(())
}

/// Takes the rows of one file into the state.
fn rows(
    open: File,
    expected: Expected<'_>,
    table: &PublishedTable,
    file: &DataFile,
    state: &mut TableState,
) -> Result<(), String> {
    let reader = SerializedFileReader::new(open).map_err(|error| error.to_string())?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<String> =
        schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let place = |name: &str| {
        let place = names.iter().position(|known| known == name);
        place.ok_or_else(|| format!("it has no column {name}"))
    };
    let (tenant, run, removed) = (place(TENANT)?, place(RUN)?, place(REMOVED)?);
    let key = table.key.iter().map(|name| place(name)).collect::<Result<Vec<_>, String>>()?;
    let mut hasher = RowHasher::new(names.iter().map(String::as_str), |name| !is_own(name));
    let (mut count, mut gone) = (0, 0);
    for row in reader.get_row_iter(None).map_err(|error| error.to_string())? {
        let row = row.map_err(|error| error.to_string())?;
        let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        let text = |at: usize| match fields.get(at) {
            Some(Field::Str(text)) => text.as_str(),
            _ => "",
        };
        if (text(tenant), text(run)) != (expected.tenant, expected.run) {
            return Err(format!("a row is of {} {}", text(tenant), text(run)));
        }
        hasher.begin();
        for (at, field) in fields.iter().enumerate() {
            hasher.add(at, cell(field)?);
        }
        let parts = key.iter().map(|at| fields.get(*at).map(|field| part(field)));
        let parts = parts.collect::<Option<Vec<String>>>().unwrap_or_default();
        let key = parts.join(&BETWEEN.to_string());
        count += 1;
        if matches!(fields.get(removed), Some(Field::Long(1))) {
            gone += 1;
            if state.remove(&key).is_none() {
                return Err(format!("it takes {key} out, which was not there"));
            }
        } else {
            state.insert(key, (hasher.hash(), 0));
        }
    }
    match (count, gone) == (file.rows, file.removed) {
        true => Ok(()),
        false => Err(format!("it has {count} rows, {gone} of them removed")),
    }
}

fn cell(field: &Field) -> Result<Cell<'_>, String> {
    Ok(match field {
        Field::Null => Cell::Null,
        Field::Str(text) => Cell::Text(text),
        Field::Long(number) => Cell::Integer(*number),
        Field::Double(number) => Cell::Real(*number),
        Field::Date(days) => Cell::Date(*days),
        other => return Err(format!("a value of a kind that no table has: {other}")),
    })
}

/// A part of a key.
fn part(field: &Field) -> String {
    match field {
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Date(days) => {
            chrono::NaiveDate::from_epoch_days(*days).unwrap_or_default().to_string()
        }
        other => other.to_string(),
    }
}
