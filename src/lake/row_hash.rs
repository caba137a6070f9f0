//! The hash of a row by its columns' names and values, the same whether the row comes from the database or from a file.

use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_128;

use crate::export::Kind;
use crate::store::CellValue;

/// A value without what depends on where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'c> {
    Null,
    Text(&'c str),
    Integer(i64),
    Real(f64),
    /// Days since 1970-01-01.
    Date(i32),
}

/// Makes the hashes of rows of a table.
#[derive(Debug)]
pub(super) struct RowHasher {
    /// Of each column the bytes before a value; none of one that does not count.
    heads: Vec<Option<Vec<u8>>>,
    buffer: Vec<u8>,
}

impl RowHasher {
    /// For rows with these columns, of which those count that `counts` says.
    pub(super) fn new<'n>(
        names: impl Iterator<Item = &'n str>,
        counts: impl Fn(&str) -> bool,
    ) -> RowHasher {
        let head = |name: &str| {
            let mut head = (name.len() as u32).to_le_bytes().to_vec();
            head.extend_from_slice(name.as_bytes());
            head
        };
        let heads = names.map(|name| counts(name).then(|| head(name))).collect();
        RowHasher { heads, buffer: Vec::new() }
    }

    /// Begins a row.
    pub(super) fn begin(&mut self) {
        self.buffer.clear();
    }

    /// Takes the cell of a column in, from the first to the last. One without a value does not count, so that a column that
    /// is added changes nothing.
    pub(super) fn add(&mut self, column: usize, cell: Cell<'_>) {
        let Some(Some(head)) = self.heads.get(column) else { return };
        let mut value = |tag: u8, bytes: &[u8]| {
            self.buffer.extend_from_slice(head);
            self.buffer.push(tag);
            self.buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            self.buffer.extend_from_slice(bytes);
        };
        match cell {
            Cell::Null => {}
            Cell::Text(text) => value(b't', text.as_bytes()),
            Cell::Integer(number) => value(b'i', &number.to_le_bytes()),
            Cell::Real(number) => value(b'r', &number.to_bits().to_le_bytes()),
            // A column may be taken for a text by another job file of the same tenant.
            Cell::Date(days) => match NaiveDate::from_epoch_days(days) {
                Some(date) => value(b't', date.to_string().as_bytes()),
                None => value(b'd', &days.to_le_bytes()),
            },
        }
    }

    /// The hash of the row.
    pub(super) fn hash(&self) -> u128 {
        xxh3_128(&self.buffer)
    }
}

/// The sum of the hashes of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RowsHash {
    pub rows: u64,
    sum: u128,
}

impl RowsHash {
    pub(super) fn add(&mut self, hash: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    pub(super) fn hex(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

/// A cell of the database as it is in a column of this kind; the text of a number that stands in a text column is written
/// into `text`.
pub(super) fn of_stored<'c>(cell: &'c CellValue<'_>, kind: Kind, text: &'c mut String) -> Cell<'c> {
    match (kind, cell) {
        (_, CellValue::Null | CellValue::Blob(_)) => Cell::Null,
        (Kind::Date, CellValue::Text(day)) => match day.parse::<NaiveDate>() {
            Ok(day) => Cell::Date(day.to_epoch_days()),
            Err(_) => Cell::Text(day),
        },
        (Kind::Text | Kind::Integer | Kind::Real, CellValue::Text(text)) => Cell::Text(text),
        (Kind::Text, CellValue::Integer(number)) => {
            *text = number.to_string();
            Cell::Text(text)
        }
        (Kind::Text, CellValue::Real(number)) => {
            *text = number.to_string();
            Cell::Text(text)
        }
        (Kind::Real, CellValue::Integer(number)) => Cell::Real(*number as f64),
        (Kind::Integer | Kind::Date, CellValue::Integer(number)) => Cell::Integer(*number),
        (Kind::Integer | Kind::Real | Kind::Date, CellValue::Real(number)) => Cell::Real(*number),
    }
}

/// Keys of rows in ascending order, each with the hash of its row: what a table of a date is compared with.
#[derive(Debug, Default, Clone)]
pub(super) struct KeyedHashes {
    keys: String,
    ends: Vec<usize>,
    hashes: Vec<u128>,
}

impl KeyedHashes {
    pub(super) fn push(&mut self, key: &str, hash: u128) {
        self.keys.push_str(key);
        self.ends.push(self.keys.len());
        self.hashes.push(hash);
    }

    /// The row at a place.
    pub(super) fn get(&self, at: usize) -> Option<(&str, u128)> {
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let to = *self.ends.get(at)?;
        Some((self.keys.get(from.unwrap_or(0)..to)?, *self.hashes.get(at)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_row_counts_names_and_values_and_no_empty_column() {
        let hash = |names: &[&str], cells: &[Cell<'_>]| {
            let mut hasher = RowHasher::new(names.iter().copied(), |_| true);
            hasher.begin();
            for (at, cell) in cells.iter().enumerate() {
                hasher.add(at, *cell);
            }
            hasher.hash()
        };
        let row = hash(&["id", "at"], &[Cell::Text("1"), Cell::Date(1)]);
        let same =
            hash(&["id", "at", "new"], &[Cell::Text("1"), Cell::Text("1970-01-02"), Cell::Null]);
        assert_eq!(row, same);
        let others = [
            hash(&["id", "to"], &[Cell::Text("1"), Cell::Date(1)]),
            hash(&["id", "at"], &[Cell::Integer(1), Cell::Date(1)]),
            hash(&["id", "at"], &[Cell::Text("1"), Cell::Date(2)]),
            hash(&["id", "at"], &[Cell::Text("1"), Cell::Null]),
        ];
        assert!(others.iter().all(|other| *other != row));
    }

    #[test]
    fn keyed_hashes_come_back_in_their_order() {
        let mut hashes = KeyedHashes::default();
        for (at, key) in ["", "a", "代理人", "b"].into_iter().enumerate() {
            hashes.push(key, at as u128);
        }
        assert_eq!(hashes.get(0), Some(("", 0)));
        assert_eq!(hashes.get(2), Some(("代理人", 2)));
        assert_eq!(hashes.get(4), None);
    }
}
