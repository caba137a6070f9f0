//! The rows of the snapshot tables without their cells: what a day is compared with.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use chrono::NaiveDate;
use polars_arrow::array::Utf8ViewArray;

use crate::store::keys::KeyList;
use crate::store::stored_key::{Content, Place, StoredVersion};
use crate::timeline::Interval;

/// The organisation of a row that names none.
pub(super) const NO_ORGAN: u32 = u32::MAX;

/// The bit of an organisation that stands in the row of the delivery whose number is in the other bits.
const DELIVERED: u32 = 1 << 31;

/// The rows of one snapshot table without their cells, by key.
#[derive(Debug, Default)]
pub(super) struct CurrentRows {
    /// The keys, in order.
    pub keys: KeyList,
    /// As `keys`: the content hashes.
    hashes: Vec<i64>,
    /// As `keys`: the first dates.
    from: Vec<NaiveDate>,
    /// As `keys`: positions in `organs`, or [`NO_ORGAN`].
    organ: Vec<u32>,
    /// The organisations that rows name, each once, where rows belong to branches.
    pub organs: KeyList,
}

impl CurrentRows {
    /// Adds a row at the end.
    pub(super) fn push(&mut self, key: &str, from: NaiveDate, hash: i64, organ: u32) {
        self.keys.push(key);
        self.hashes.push(hash);
        self.from.push(from);
        self.organ.push(organ);
    }

    /// The version of a row.
    pub(super) fn version(&self, at: usize) -> Option<StoredVersion> {
        let content = Content { hash: *self.hashes.get(at)?, place: Place::Current };
        Some(StoredVersion { content, valid: Interval { from: *self.from.get(at)?, to: None } })
    }

    /// The position of a row's organisation in `organs`; [`NO_ORGAN`] beyond the end.
    pub(super) fn organ(&self, at: usize) -> u32 {
        self.organ.get(at).copied().unwrap_or(NO_ORGAN)
    }

    /// All that is known of every row.
    #[cfg(test)]
    pub(super) fn list(&self) -> Vec<(&str, i64, NaiveDate, Option<&str>)> {
        let organ = |at| Some(self.organ(at)).filter(|o| *o != NO_ORGAN);
        let row = |at: usize| {
            let organ = organ(at).map(|organ| self.organs.get(organ as usize));
            (self.keys.get(at), self.hashes[at], self.from[at], organ)
        };
        (0..self.keys.len()).map(row).collect()
    }

    /// First date and organisation of every row.
    pub(super) fn places(&self) -> impl Iterator<Item = (NaiveDate, u32)> {
        self.from.iter().copied().zip(self.organ.iter().copied())
    }
}

/// Gives each organisation a number as it is met.
#[derive(Debug, Default)]
pub(super) struct OrganNumbers {
    of: HashMap<String, u32>,
    /// The one met last: rows are mostly sorted by it.
    last: Option<(String, u32)>,
}

impl OrganNumbers {
    /// The position of an organisation in `organs`, to which it is added if it is not there.
    pub(super) fn number(&mut self, organs: &mut KeyList, organ: Option<&str>) -> u32 {
        let Some(organ) = organ else { return NO_ORGAN };
        if let Some((last, number)) = &self.last
            && last == organ
        {
            return *number;
        }
        let number = match self.of.get(organ) {
            Some(number) => *number,
            None => {
                let number = organs.len() as u32;
                organs.push(organ);
                self.of.insert(organ.to_owned(), number);
                number
            }
        };
        self.last = Some((organ.to_owned(), number));
        number
    }
}

/// The rows of a snapshot table as a publication makes them.
#[derive(Debug)]
pub(super) struct NextRows {
    rows: CurrentRows,
    /// The organisations of the delivered rows, where rows belong to branches.
    delivered: Option<Utf8ViewArray>,
    /// Whether the content of every row is known.
    is_whole: bool,
}

impl NextRows {
    /// None yet; `former` are those before.
    pub(super) fn new(former: &CurrentRows, delivered: Option<Utf8ViewArray>) -> NextRows {
        let rows = CurrentRows { organs: former.organs.clone(), ..CurrentRows::default() };
        NextRows { rows, delivered, is_whole: true }
    }

    /// Adds a row at the end. `organ` is that of its former content.
    pub(super) fn push(&mut self, key: &str, valid_from: NaiveDate, content: Content, organ: u32) {
        let organ = match content.place {
            Place::Current => organ,
            Place::Delivered(row) if self.delivered.is_some() => DELIVERED | row as u32,
            Place::Delivered(_) => NO_ORGAN,
            // Its cells are not read.
            Place::History(_) => {
                self.is_whole = false;
                NO_ORGAN
            }
        };
        self.rows.push(key, valid_from, content.hash, organ);
    }

    /// The rows with the organisations of those that were delivered; `None` if not all of them are known.
    pub(super) fn finish(self) -> Option<CurrentRows> {
        let NextRows { mut rows, delivered, is_whole } = self;
        let mut numbers = OrganNumbers::default();
        for at in 0..rows.organs.len() {
            numbers.of.insert(rows.organs.get(at).to_owned(), at as u32);
        }
        if let Some(delivered) = &delivered {
            for organ in rows.organ.iter_mut().filter(|o| **o != NO_ORGAN && **o & DELIVERED != 0) {
                let row = (*organ & !DELIVERED) as usize;
                let name = (row < delivered.len()).then(|| delivered.get(row)).flatten();
                *organ = numbers.number(&mut rows.organs, name);
            }
        }
        is_whole.then_some(rows)
    }
}

impl CurrentRows {
    /// Writes all that is known.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let days: Vec<i32> = self.from.iter().map(NaiveDate::to_epoch_days).collect();
        let (keys, organs) = (self.keys.parts(), self.organs.parts());
        for part in [
            keys.0.as_bytes(),
            bytemuck::cast_slice(keys.1),
            bytemuck::cast_slice(&self.hashes),
            bytemuck::cast_slice(&days),
            bytemuck::cast_slice(&self.organ),
            organs.0.as_bytes(),
            bytemuck::cast_slice(organs.1),
        ] {
            out.write_all(&(part.len() as u64).to_ne_bytes())?;
            out.write_all(part)?;
        }
        Ok(())
    }

    /// Reads what was written. `size` is that of the whole file in bytes: a damaged length asks for no more memory.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub(super) fn read(file: &mut impl Read, size: u64) -> io::Result<CurrentRows> {
        let keys = read_keys(file, size)?;
        let hashes: Vec<i64> = read_part(file, size)?;
        let days: Vec<i32> = read_part(file, size)?;
        let organ: Vec<u32> = read_part(file, size)?;
        let organs = read_keys(file, size)?;
        let whole = [hashes.len(), days.len(), organ.len()].iter().all(|len| *len == keys.len());
        let from: Option<Vec<NaiveDate>> =
            days.iter().map(|days| NaiveDate::from_epoch_days(*days)).collect();
        let from = from.filter(|_| whole).ok_or_else(damaged)?;
        Ok(CurrentRows { keys, hashes, from, organ, organs })
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is damaged")
}

/// Reads a number of eight bytes.
pub(super) fn read_word(file: &mut impl Read) -> io::Result<u64> {
    let mut word = [0; 8];
    file.read_exact(&mut word)?;
    Ok(u64::from_ne_bytes(word))
}

fn read_part<T: bytemuck::Pod>(file: &mut impl Read, largest: u64) -> io::Result<Vec<T>> {
    let bytes = read_word(file)?;
    let width = size_of::<T>() as u64;
    if bytes > largest || !bytes.is_multiple_of(width) {
        return Err(damaged());
    }
    let mut part = vec![T::zeroed(); (bytes / width) as usize];
    file.read_exact(bytemuck::cast_slice_mut(&mut part))?;
    Ok(part)
}

fn read_keys(file: &mut impl Read, largest: u64) -> io::Result<KeyList> {
    let text = String::from_utf8(read_part(file, largest)?).map_err(|_| damaged())?;
    KeyList::from_parts(text, read_part(file, largest)?).ok_or_else(damaged)
}
