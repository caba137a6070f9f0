//! The rows of the snapshot tables without their cells: what a day is compared with. A publication leaves them in a file
//! beside the database, so that the next one does not read a million rows back.
//!
//! The file is a copy, good for nothing but speed: it counts only if nobody has written the database since. Where it does
//! not count, or is not there, the tables are read.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use polars_arrow::array::Utf8ViewArray;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::config::schema::Schema;
use crate::model::PerFeed;
use crate::store::connection::is_log_pending;
use crate::store::forest_state::made_by;
use crate::store::keys::KeyList;
use crate::store::stored_key::{Content, Place, StoredVersion};
use crate::timeline::Interval;

/// Permissions of the file: it holds keys of persons.
const MODE: u32 = 0o600;

/// The form of the file, changed with it; the bytes differ on machines of other byte order.
const FORM: u64 = 0x6f72_676b_6579_0001;

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
    fn finish(self) -> Option<CurrentRows> {
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

/// The rows of all feeds, ready to be written.
pub(super) struct CurrentRowsFile(PerFeed<CurrentRows>);

impl CurrentRowsFile {
    /// `None` if those of a feed are not known.
    pub(super) fn of(next: PerFeed<Option<NextRows>>) -> Option<CurrentRowsFile> {
        let mut rows = PerFeed::default();
        for (to, next) in rows.iter_mut().zip(next) {
            *to = next?.finish()?;
        }
        Some(CurrentRowsFile(rows))
    }

    /// Writes the file beside a database that nobody writes just now and whose log is empty.
    pub(super) fn write(&self, database: &Path, schema: &Schema) -> io::Result<()> {
        let header = Header::of(database, schema)?;
        // Not synchronized: what a power cut leaves of it has another hash.
        let part = with_suffix(database, "-keys.part");
        let written = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(true).mode(MODE).open(&part)?;
            let mut out = Hashing { file, hash: Xxh3::new() };
            for word in header.words() {
                out.write_all(&word.to_ne_bytes())?;
            }
            for rows in self.0.iter() {
                rows.write(&mut out)?;
            }
            let hash = out.hash.digest();
            out.file.write_all(&hash.to_ne_bytes())?;
            fs::rename(&part, beside(database))
        };
        written().inspect_err(|_| {
            // What is left of it is no copy; the first error is the one to report.
            let _ = fs::remove_file(&part);
        })
    }
}

/// The rows that a former publication left, if nobody has written the database since.
pub(super) fn read(database: &Path, schema: &Schema) -> Option<PerFeed<CurrentRows>> {
    let read = || -> io::Result<Option<PerFeed<CurrentRows>>> {
        let mut file = Hashing { file: File::open(beside(database))?, hash: Xxh3::new() };
        for word in Header::of(database, schema)?.words() {
            if read_word(&mut file)? != word {
                return Ok(None);
            }
        }
        let mut rows = PerFeed::default();
        for rows in rows.iter_mut() {
            *rows = CurrentRows::read(&mut file)?;
        }
        let hash = file.hash.digest();
        Ok((read_word(&mut file)? == hash).then_some(rows))
    };
    match read() {
        _ if is_log_pending(database) => None,
        Ok(rows) => rows,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::debug!("the copy of the keys is not used: {error}");
            }
            None
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    with_suffix(database, "-keys")
}

fn with_suffix(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What the file is a copy of.
struct Header {
    /// Device, number, size, and the times of the last change of content and of the entry, of the database's file.
    database: [u64; 7],
    /// What tells schemas and programs apart.
    made_by: u64,
}

impl Header {
    fn of(database: &Path, schema: &Schema) -> io::Result<Header> {
        let file = fs::metadata(database)?;
        let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
        let [a, b, c, d] = times.map(i64::cast_unsigned);
        Ok(Header {
            database: [file.dev(), file.ino(), file.len(), a, b, c, d],
            made_by: xxh3_64(made_by(schema).as_bytes()),
        })
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        [FORM].into_iter().chain(self.database).chain([self.made_by])
    }
}

impl CurrentRows {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
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

    fn read(file: &mut impl Read) -> io::Result<CurrentRows> {
        let keys = read_keys(file)?;
        let hashes: Vec<i64> = read_part(file)?;
        let days: Vec<i32> = read_part(file)?;
        let organ: Vec<u32> = read_part(file)?;
        let organs = read_keys(file)?;
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

fn read_word(file: &mut impl Read) -> io::Result<u64> {
    let mut word = [0; 8];
    file.read_exact(&mut word)?;
    Ok(u64::from_ne_bytes(word))
}

/// Most bytes of one part: a damaged length is to ask for no more memory than a real one.
const LARGEST_PART: u64 = 16 << 30;

fn read_part<T: bytemuck::Pod>(file: &mut impl Read) -> io::Result<Vec<T>> {
    let bytes = read_word(file)?;
    let width = size_of::<T>() as u64;
    if bytes > LARGEST_PART || !bytes.is_multiple_of(width) {
        return Err(damaged());
    }
    let mut part = vec![T::zeroed(); (bytes / width) as usize];
    file.read_exact(bytemuck::cast_slice_mut(&mut part))?;
    Ok(part)
}

fn read_keys(file: &mut impl Read) -> io::Result<KeyList> {
    let text = String::from_utf8(read_part(file)?).map_err(|_| damaged())?;
    KeyList::from_parts(text, read_part(file)?).ok_or_else(damaged)
}

/// Hashes what passes through it.
struct Hashing<F> {
    file: F,
    hash: Xxh3,
}

impl<F: Write> Write for Hashing<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<F: Read> Read for Hashing<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
