//! The keys of one feed: finding a record by its key, and the keys that are delivered more than once.

use hashbrown::{HashTable, hash_table::Entry};
use polars_arrow::array::Utf8ViewArray;
use xxhash_rust::xxh3::xxh3_64;

/// An index from key to row. It does not hold the keys; every call takes the key column it was built on.
///
/// Shape: about 5 bytes a distinct key.
#[derive(Debug, Default)]
pub struct KeyIndex {
    rows: HashTable<u32>,
    repeated: Vec<Vec<u32>>,
}

impl KeyIndex {
    /// Indexes a key column. Rows without a key are left out.
    pub fn new(keys: &Utf8ViewArray) -> KeyIndex {
        let mut index =
            KeyIndex { rows: HashTable::with_capacity(keys.len()), repeated: Vec::new() };
        let mut again: Vec<(u32, u32)> = Vec::new();
        for row in 0..keys.len() {
            let Some(key) = keys.get(row) else { continue };
            let entry = index.rows.entry(
                xxh3_64(key.as_bytes()),
                |other| keys.value(*other as usize) == key,
                |other| xxh3_64(keys.value(*other as usize).as_bytes()),
            );
            match entry {
                Entry::Occupied(first) => again.push((*first.get(), row as u32)),
                Entry::Vacant(place) => {
                    place.insert(row as u32);
                }
            }
        }
        again.sort_unstable();
        for group in again.chunk_by(|a, b| a.0 == b.0) {
            let first = group.iter().take(1).map(|(first, _)| *first);
            index.repeated.push(first.chain(group.iter().map(|(_, row)| *row)).collect());
        }
        index
    }

    /// The row of a key; for a key that is delivered more than once the first, or the one that
    /// [`KeyIndex::represent`] chose.
    pub fn find(&self, keys: &Utf8ViewArray, key: &str) -> Option<u32> {
        let same = |row: &u32| keys.value(*row as usize) == key;
        self.rows.find(xxh3_64(key.as_bytes()), same).copied()
    }

    /// The rows of each key that is delivered more than once, in row order; keys by their first row.
    pub fn repeated(&self) -> &[Vec<u32>] {
        &self.repeated
    }

    /// Makes `row` the one that [`KeyIndex::find`] answers for its key.
    pub fn represent(&mut self, keys: &Utf8ViewArray, row: u32) {
        let key = keys.value(row as usize);
        let same = |other: &u32| keys.value(*other as usize) == key;
        if let Some(entry) = self.rows.find_mut(xxh3_64(key.as_bytes()), same) {
            *entry = row;
        }
    }
}
