//! The copy of the rows of the snapshot tables, without their cells, that a publication leaves in a file beside the database, so
//! that the next one does not read a million rows back.
//!
//! The file is good for nothing but speed: it counts only if nobody has written the database since. Where it does not count,
//! or is not there, the tables are read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::config::schema::Schema;
use crate::model::PerFeed;
use crate::store::current_rows::{CurrentRows, NextRows, read_word};
use crate::store::made_by::made_by;
use crate::store::sqlite::connection::is_log_pending;

/// Permissions of the file: it holds keys of persons.
const MODE: u32 = 0o600;

/// The form of the file, changed with it; the bytes differ on machines of other byte order.
const FORM: u64 = 0x6f72_676b_6579_0001;

/// The rows of all feeds, ready to be written.
pub(super) struct CurrentRowsCopy(PerFeed<CurrentRows>);

impl CurrentRowsCopy {
    /// `None` if those of a feed are not known.
    pub(super) fn of(next: PerFeed<Option<NextRows>>) -> Option<CurrentRowsCopy> {
        let mut rows = PerFeed::default();
        for (to, next) in rows.iter_mut().zip(next) {
            *to = next?.finish()?;
        }
        Some(CurrentRowsCopy(rows))
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
pub(in crate::store) fn read(database: &Path, schema: &Schema) -> Option<PerFeed<CurrentRows>> {
    let read = || -> io::Result<Option<PerFeed<CurrentRows>>> {
        let file = File::open(beside(database))?;
        let size = file.metadata()?.len();
        let mut file = Hashing { file, hash: Xxh3::new() };
        for word in Header::of(database, schema)?.words() {
            if read_word(&mut file)? != word {
                return Ok(None);
            }
        }
        let mut rows = PerFeed::default();
        for rows in rows.iter_mut() {
            *rows = CurrentRows::read(&mut file, size)?;
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
