//! A download while it is not complete: `<name>.part`, and what is known of it.
//!
//! `<name>.part.json` beside it says of which version of the file it is a beginning, how long that
//! beginning is and what its SHA-256 is. A `.part` that does not match is begun anew: after a power cut
//! a file may have its length and not its content.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::digest::Hasher;
use super::flush::Flusher;
use crate::disk::{DiskError, create_private_file};

/// Number of bytes before the end of a partial download that are fetched again and compared.
const OVERLAP: u64 = 64 * 1024;

/// Number of bytes after which the progress of a download is recorded durably.
const CHECKPOINT: u64 = 128 << 20;

/// Which version of which file a download is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    /// The directory on the server, without secrets.
    pub(super) source: String,
    /// The file's name.
    pub(super) name: String,
    /// Its size in bytes, where the server reports it.
    pub(super) size: Option<u64>,
    /// Its modification time, word for word.
    pub(super) stamp: Option<String>,
}

/// `<name>.part.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    of: Identity,
    /// Number of bytes that `sha256` covers.
    bytes: u64,
    sha256: String,
}

/// A download under way.
#[derive(Debug)]
pub(super) struct Part {
    of: Identity,
    path: PathBuf,
    record: PathBuf,
    file: File,
    hasher: Hasher,
    flusher: Flusher,
    len: u64,
    recorded: u64,
    /// What the server must send again first.
    overlap: Vec<u8>,
    /// How much of it has come.
    compared: usize,
}

/// What the server sends is not what it sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverlapDiffers;

impl Part {
    /// Goes on with what there is of that version, or begins.
    pub(super) fn open(folder: &Path, of: Identity) -> Result<Part, DiskError> {
        let path = folder.join(format!("{}.part", of.name));
        let record = folder.join(format!("{}.part.json", of.name));
        if let Some(part) = resume(&path, &record, &of).map_err(DiskError::at(&path))? {
            return Ok(part);
        }
        Part::begin(path, record, of)
    }

    fn begin(path: PathBuf, record: PathBuf, of: Identity) -> Result<Part, DiskError> {
        remove(&record)?;
        let file = create_private_file(&path)?;
        Ok(Part {
            of,
            path,
            record,
            file,
            hasher: Hasher::default(),
            flusher: Flusher::default(),
            len: 0,
            recorded: 0,
            overlap: Vec::new(),
            compared: 0,
        })
    }

    /// Forgets what there is.
    pub(super) fn restart(self) -> Result<Part, DiskError> {
        Part::begin(self.path, self.record, self.of)
    }

    /// Where to begin on the server.
    pub(super) fn offset(&self) -> u64 {
        self.len - (self.overlap.len() - self.compared) as u64
    }

    /// Bytes that have come, those of earlier attempts included.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The SHA-256 of what has come, lowercase hex.
    pub(super) fn sha256(&self) -> String {
        self.hasher.clone().finish()
    }

    /// Takes the next bytes: compares what came before, appends the rest.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<Result<(), OverlapDiffers>, DiskError> {
        let known = &self.overlap[self.compared..];
        let (again, more) = piece.split_at(piece.len().min(known.len()));
        if again != &known[..again.len()] {
            return Ok(Err(OverlapDiffers));
        }
        self.compared += again.len();
        self.file.write_all(more).map_err(DiskError::at(&self.path))?;
        self.hasher.update(more);
        self.len += more.len() as u64;
        self.flusher.grown(&self.file, self.len).map_err(DiskError::at(&self.path))?;
        if self.len - self.recorded >= CHECKPOINT {
            self.keep()?;
        }
        Ok(Ok(()))
    }

    /// Puts on record what has come, for another attempt to go on with.
    pub(super) fn keep(&mut self) -> Result<(), DiskError> {
        let flushed = self.flusher.settle().and_then(|()| self.file.sync_data());
        flushed.map_err(DiskError::at(&self.path))?;
        let record = Record { of: self.of.clone(), bytes: self.len, sha256: self.sha256() };
        let text = serde_json::to_vec(&record)
            .map_err(|error| DiskError { path: self.record.clone(), source: error.into() })?;
        let mut file = create_private_file(&self.record)?;
        file.write_all(&text).map_err(DiskError::at(&self.record))?;
        self.recorded = self.len;
        Ok(())
    }

    /// Gives the complete file its name, for good. Returns where it is, and its SHA-256.
    pub(super) fn finish(mut self) -> Result<(PathBuf, String), DiskError> {
        let done = self.path.with_file_name(&self.of.name);
        let flushed = self.flusher.settle().and_then(|()| self.file.sync_all());
        flushed.map_err(DiskError::at(&self.path))?;
        std::fs::rename(&self.path, &done).map_err(DiskError::at(&done))?;
        remove(&self.record)?;
        Ok((done, self.hasher.finish()))
    }

    /// Removes what there is.
    pub(super) fn discard(self) -> Result<(), DiskError> {
        remove(&self.record)?;
        remove(&self.path)
    }
}

/// The beginning that is there, if it is one of that version and what its record says.
fn resume(path: &Path, record_path: &Path, of: &Identity) -> io::Result<Option<Part>> {
    // Without a size and a time versions cannot be distinguished.
    if of.size.is_none() || of.stamp.is_none() {
        return Ok(None);
    }
    let Ok(text) = std::fs::read(record_path) else { return Ok(None) };
    let Ok(record) = serde_json::from_slice::<Record>(&text) else { return Ok(None) };
    if record.of != *of || record.bytes == 0 || of.size.is_some_and(|size| record.bytes > size) {
        return Ok(None);
    }
    let Ok(mut file) = OpenOptions::new().read(true).write(true).open(path) else {
        return Ok(None);
    };
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 1 << 20];
    let mut left = record.bytes;
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        match file.read(&mut buffer[..most])? {
            0 => return Ok(None),
            n => {
                hasher.update(&buffer[..n]);
                left -= n as u64;
            }
        }
    }
    if hasher.clone().finish() != record.sha256 {
        return Ok(None);
    }
    let again = record.bytes.min(OVERLAP);
    file.set_len(record.bytes)?;
    file.seek(SeekFrom::Start(record.bytes - again))?;
    let mut overlap = Vec::new();
    file.read_to_end(&mut overlap)?;
    Ok(Some(Part {
        of: of.clone(),
        path: path.to_path_buf(),
        record: record_path.to_path_buf(),
        file,
        hasher,
        flusher: Flusher::default(),
        len: record.bytes,
        recorded: record.bytes,
        overlap,
        compared: 0,
    }))
}

fn remove(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(DiskError::at(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(stamp: &str) -> Identity {
        Identity {
            source: "ftp://x".to_owned(),
            name: "a.txt".to_owned(),
            size: Some(300_000),
            stamp: Some(stamp.to_owned()),
        }
    }

    fn content() -> Vec<u8> {
        (0..300_000_u32).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn a_partial_download_resumes_if_the_remote_file_is_unchanged() {
        let content = content();
        // What happens to the part between two attempts, and whether it is of use then.
        let cases: [(&str, fn(&Path), bool); 6] = [
            ("nothing", |_| {}, true),
            ("longer", |dir| append(&dir.join("a.txt.part")), true),
            ("damaged", |dir| damage(&dir.join("a.txt.part")), false),
            ("shorter", |dir| shorten(&dir.join("a.txt.part")), false),
            ("no record", |dir| std::fs::remove_file(dir.join("a.txt.part.json")).unwrap(), false),
            ("torn record", |dir| shorten(&dir.join("a.txt.part.json")), false),
        ];
        for (name, meanwhile, resumes) in cases {
            let dir = tempfile::tempdir().unwrap();
            let mut part = Part::open(dir.path(), identity("1")).unwrap();
            part.take(&content[..200_000]).unwrap().unwrap();
            part.keep().unwrap();
            drop(part);
            meanwhile(dir.path());
            let mut part = Part::open(dir.path(), identity("1")).unwrap();
            let offset = if resumes { 200_000 - OVERLAP } else { 0 };
            assert_eq!(part.offset(), offset, "{name}");
            for piece in content[offset as usize..].chunks(10_000) {
                part.take(piece).unwrap().unwrap();
            }
            let (path, sha256) = part.finish().unwrap();
            assert!(std::fs::read(path).unwrap() == content, "{name}");
            assert_eq!(sha256, super::super::digest::sha256(&content), "{name}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{name}");
        }
    }

    #[test]
    fn a_changed_remote_file_restarts_the_download_and_differing_overlap_is_detected() {
        let dir = tempfile::tempdir().unwrap();
        let mut part = Part::open(dir.path(), identity("1")).unwrap();
        part.take(&content()[..200_000]).unwrap().unwrap();
        part.keep().unwrap();
        assert_eq!(part.take(b"").unwrap(), Ok(()));
        let mut again = Part::open(dir.path(), identity("1")).unwrap();
        assert_eq!(again.take(&content()[..1000]).unwrap(), Err(OverlapDiffers));
        assert_eq!(Part::open(dir.path(), identity("2")).unwrap().offset(), 0);
    }

    fn append(path: &Path) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
    }

    fn shorten(path: &Path) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    }

    fn damage(path: &Path) {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[1000] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
}
