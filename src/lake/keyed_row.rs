//! Key and hash of each row that comes from the database.

use std::io;

use crate::export::Kind;
use crate::store::{CellValue, RowSink};

use super::row_hash::{KeyedHashes, RowHasher, of_stored};
use super::tables::LakeTable;

/// What stands between the parts of a key.
pub(super) const BETWEEN: char = '\u{1f}';

/// Makes keys and hashes of the rows of a table.
#[derive(Debug)]
pub(super) struct RowKeys {
    kinds: Vec<Kind>,
    /// Where the parts of the key are.
    pub key: Vec<usize>,
    hasher: RowHasher,
}

impl RowKeys {
    /// For the rows of a table; `counts` says which columns count for the hash.
    pub(super) fn new(table: &LakeTable, counts: impl Fn(&str) -> bool) -> RowKeys {
        let columns = &table.table.columns;
        let names = columns.iter().map(|column| column.name.as_str());
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        RowKeys {
            kinds: columns.iter().map(|column| column.kind).collect(),
            key: table.key().iter().filter_map(|column| place(&column.name)).collect(),
            hasher: RowHasher::new(names, counts),
        }
    }

    /// The hash of a row; its key is written into `key`.
    ///
    /// # Errors
    /// If a part of the key is not there.
    pub(super) fn of(&mut self, cells: &[CellValue<'_>], key: &mut String) -> io::Result<u128> {
        self.hasher.begin();
        for (at, (cell, kind)) in cells.iter().zip(&self.kinds).enumerate() {
            let mut text = String::new();
            self.hasher.add(at, of_stored(cell, *kind, &mut text));
        }
        key.clear();
        for (at, place) in self.key.iter().enumerate() {
            if at > 0 {
                key.push(BETWEEN);
            }
            match cells.get(*place) {
                Some(CellValue::Text(text)) => key.push_str(text),
                Some(CellValue::Integer(number)) => key.push_str(&number.to_string()),
                _ => {
                    let text = "a row has no key";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        }
        Ok(self.hasher.hash())
    }
}

/// Takes keys and hashes of all rows.
#[derive(Debug)]
pub(super) struct HashedRows {
    keys: RowKeys,
    key: String,
    pub rows: KeyedHashes,
}

impl HashedRows {
    pub(super) fn new(table: &LakeTable) -> HashedRows {
        let keys = RowKeys::new(table, |_| true);
        HashedRows { keys, key: String::new(), rows: KeyedHashes::default() }
    }
}

impl RowSink for HashedRows {
    fn columns(&mut self, _: &[&str]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool> {
        let hash = self.keys.of(cells, &mut self.key)?;
        self.rows.push(&self.key, hash);
        Ok(true)
    }
}
