//! Writes the rows of a table of a date to files of the lake: all of them, or those that differ from the rows before.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

use crate::export::{ParquetWriter, Table, Writer as _};
use crate::store::{CellValue, RowSink};

use super::error::LakeError;
use super::history::hex;
use super::keyed_row::RowKeys;
use super::opened::Lake;
use super::publication::{DataFile, PublishedTable, Scope};
use super::row_hash::{KeyedHashes, RowsHash};
use super::tables::LakeTable;

/// Rows of a file; more go to further ones.
const ROWS: u64 = 2_000_000;

/// Whose rows are written, and where to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'o> {
    pub tenant: &'o str,
    pub date: NaiveDate,
    /// The name of the folders of this export.
    pub run: &'o str,
    /// The folder of the table's files.
    pub folder: &'o str,
}

/// The files of one table.
pub(super) struct TableFiles<'w> {
    lake: &'w Lake,
    origin: Origin<'w>,
    table: &'w LakeTable,
    in_files: Table,
    /// The rows before, if what differs from them is written.
    base: Option<&'w KeyedHashes>,
    /// How many of them are passed.
    passed: usize,
    keys: RowKeys,
    key: String,
    hash: RowsHash,
    /// The rows, to compare those of the next date with.
    rows: KeyedHashes,
    part: Option<Part>,
    files: Vec<DataFile>,
}

/// A file that is being written.
struct Part {
    path: String,
    scratch: PathBuf,
    writer: Box<ParquetWriter>,
    rows: u64,
    removed: u64,
}

impl<'w> TableFiles<'w> {
    pub(super) fn new(
        lake: &'w Lake,
        origin: Origin<'w>,
        table: &'w LakeTable,
        base: Option<&'w KeyedHashes>,
    ) -> TableFiles<'w> {
        TableFiles {
            lake,
            origin,
            table,
            in_files: table.in_files(),
            base,
            passed: 0,
            keys: RowKeys::new(table, |_| true),
            key: String::new(),
            hash: RowsHash::default(),
            rows: KeyedHashes::default(),
            part: None,
            files: Vec::new(),
        }
    }

    /// Ends the files. Returns what a publication says of them, and the rows to compare those of the next date with.
    pub(super) fn finish(mut self) -> io::Result<(PublishedTable, KeyedHashes)> {
        self.remove_up_to(None)?;
        // A full copy without rows has a file all the same, which tells its columns.
        if self.base.is_none() && self.table.scope == Scope::State && self.files.is_empty() {
            self.part()?;
        }
        self.end_part()?;
        let key = self.table.key().iter().map(|column| column.name.clone()).collect();
        let table = PublishedTable {
            name: self.table.name().to_owned(),
            scope: self.table.scope,
            key,
            columns: self.table.columns(),
            rows: self.hash.rows,
            rows_hash: self.hash.hex(),
            files: self.files,
        };
        Ok((table, self.rows))
    }

    /// Says that rows before are gone: those with keys below this one, or all that are left.
    fn remove_up_to(&mut self, key: Option<&str>) -> io::Result<()> {
        let Some(base) = self.base else { return Ok(()) };
        while let Some((gone, _)) = base.get(self.passed) {
            if key.is_some_and(|key| gone >= key) {
                break;
            }
            let mut cells = vec![CellValue::Null; self.table.table.columns.len()];
            // Tables of a state have a key of one column.
            if let Some(cell) = self.keys.key.first().and_then(|at| cells.get_mut(*at)) {
                *cell = CellValue::Text(gone.into());
            }
            self.write(&cells, true)?;
            self.passed += 1;
        }
        Ok(())
    }

    /// Whether a row is as it was before.
    fn is_unchanged(&mut self, key: &str, hash: u128) -> bool {
        let before = self.base.and_then(|base| base.get(self.passed));
        match before.filter(|(before, _)| *before == key) {
            Some((_, before)) => {
                self.passed += 1;
                before == hash
            }
            None => false,
        }
    }

    fn write(&mut self, cells: &[CellValue<'_>], is_removed: bool) -> io::Result<()> {
        let date = self.origin.date.to_string();
        let own = [
            CellValue::Text(self.origin.tenant.into()),
            CellValue::Text(date.as_str().into()),
            CellValue::Text(self.origin.run.into()),
            CellValue::Integer(is_removed.into()),
        ];
        let cells: Vec<CellValue<'_>> = own.into_iter().chain(cells.iter().cloned()).collect();
        let part = self.part()?;
        part.writer.row(&cells)?;
        part.rows += 1;
        part.removed += u64::from(is_removed);
        if part.rows >= ROWS {
            self.end_part()?;
        }
        Ok(())
    }

    fn part(&mut self) -> io::Result<&mut Part> {
        let part = match self.part.take() {
            Some(part) => part,
            None => {
                let path = format!("{}/part-{:05}.parquet", self.origin.folder, self.files.len());
                let scratch = self.lake.scratch(&path).map_err(io::Error::other)?;
                let facts = [
                    ("tenant", self.origin.tenant.to_owned()),
                    ("business_date", self.origin.date.to_string()),
                    ("run", self.origin.run.to_owned()),
                ];
                let mut writer = Box::new(ParquetWriter::new(&scratch, &facts));
                writer.begin(&self.in_files)?;
                Part { path, scratch, writer, rows: 0, removed: 0 }
            }
        };
        Ok(self.part.insert(part))
    }

    fn end_part(&mut self) -> io::Result<()> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        part.writer.end()?;
        part.writer.finish()?;
        let (bytes, sha256) = sum(&part.scratch)?;
        self.lake.keep(&part.path, &part.scratch).map_err(io::Error::other)?;
        let Part { path, rows, removed, .. } = part;
        self.files.push(DataFile { path, rows, removed, bytes, sha256 });
        Ok(())
    }
}

impl RowSink for TableFiles<'_> {
    fn columns(&mut self, _: &[&str]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool> {
        let mut key = std::mem::take(&mut self.key);
        let hash = self.keys.of(cells, &mut key)?;
        self.hash.add(hash);
        if self.table.scope == Scope::State {
            self.rows.push(&key, hash);
            self.remove_up_to(Some(&key))?;
        }
        if !self.is_unchanged(&key, hash) {
            self.write(cells, false)?;
        }
        self.key = key;
        Ok(true)
    }
}

/// Size and SHA-256 of a file.
pub(super) fn sum(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hash, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        size += read as u64;
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

/// A fault that came out of writing rows: that of the lake if it was one.
pub(super) fn lake_error(lake: &Lake, folder: &str, error: io::Error) -> LakeError {
    match error.downcast::<LakeError>() {
        Ok(error) => error,
        Err(source) => LakeError::Storage { file: lake.shown(folder), source },
    }
}
