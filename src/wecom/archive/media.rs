//! The files that messages name, fetched piece by piece into `data/<tenant>/session/media`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::codes;
use super::error::ArchiveError;
use super::layout;
use super::library::{CallFault, Library};
use super::store::{FileState, SessionStore, WantedFile};
use crate::disk::{DiskError, create_private_dirs, create_private_file, sync_dir};
use crate::model::Cancel;

/// Rows read at once.
const ROWS: u32 = 100;

/// The largest file. WeCom takes 100 MB in a conversation; anything far above that is a library that never finishes.
const MOST_BYTES: u64 = 1_024 * 1_024 * 1_024;

/// How many files were fetched, are to be tried again, and are lost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct FetchedFiles {
    pub(super) stored: u64,
    pub(super) failed: u64,
    pub(super) lost: u64,
}

/// The folder of files.
pub(super) fn folder(tenant_dir: &Path) -> PathBuf {
    layout::folder(tenant_dir).join("media")
}

/// Fetches the files that are wanted. One that fails does not keep the others.
pub(super) fn fetch(
    store: &mut SessionStore,
    library: &mut Library,
    folder: &Path,
    now: DateTime<Utc>,
    cancel: &Cancel,
) -> Result<FetchedFiles, ArchiveError> {
    let mut fetched = FetchedFiles::default();
    let mut after = 0;
    loop {
        let files = store.wanted_files(after, ROWS)?;
        let Some(last) = files.last() else { return Ok(fetched) };
        after = last.id;
        create_private_dirs(folder)?;
        for file in &files {
            if cancel.is_asked() {
                return Err(ArchiveError::Stopped);
            }
            if !library.may_start_again() {
                return Ok(fetched);
            }
            let state = fetch_one(file, library, folder)?;
            match state {
                FileState::Stored(..) => fetched.stored += 1,
                FileState::Again(_) | FileState::Unreachable(_) => fetched.failed += 1,
                FileState::Lost(_) => fetched.lost += 1,
            }
            store.set_file(file.id, &state, now)?;
        }
    }
}

/// Fetches a file under another name, and names it once it is whole and right.
fn fetch_one(
    wanted: &WantedFile,
    library: &mut Library,
    folder: &Path,
) -> Result<FileState, DiskError> {
    // The id may hold anything; its digest is a name. The same file in two messages is one.
    let digest = Sha256::digest(wanted.file_id.as_bytes());
    let mut name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    if !wanted.extension.is_empty() {
        name = format!("{name}.{}", wanted.extension);
    }
    let path = folder.join(&name);
    if let Some(size) = there(&path, wanted.md5.as_deref())? {
        return Ok(FileState::Stored(name, size));
    }
    let part = folder.join(format!("{name}.part"));
    let state = pieces(wanted, library, &part)?;
    match state {
        Ok(size) => {
            fs::rename(&part, &path).map_err(DiskError::at(&path))?;
            sync_dir(folder)?;
            Ok(FileState::Stored(name, size))
        }
        Err(state) => {
            // What is left of it is of no use; the fault is the one to tell.
            let _ = fs::remove_file(&part);
            Ok(state)
        }
    }
}

/// The size of a file that is there, if it is the one of the message: two messages may name one file with different MD5.
fn there(path: &Path, md5: Option<&str>) -> Result<Option<u64>, DiskError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(DiskError::at(path))?,
    };
    let (mut digest, mut size, mut buffer) = (Md5::new(), 0_u64, vec![0; 64 * 1_024]);
    loop {
        let length = file.read(&mut buffer).map_err(DiskError::at(path))?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        size += bytes.len() as u64;
    }
    Ok(md5.is_none_or(|md5| md5 == hex(digest)).then_some(size))
}

fn hex(md5: Md5) -> String {
    md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the pieces; the inner error is what became of the file.
fn pieces(
    wanted: &WantedFile,
    library: &mut Library,
    part: &Path,
) -> Result<Result<u64, FileState>, DiskError> {
    let mut file = create_private_file(part)?;
    let (mut position, mut size, mut md5) = (String::new(), 0_u64, Md5::new());
    loop {
        let piece = match library.media(&wanted.file_id, &position) {
            Ok(piece) => piece,
            Err(CallFault::Code { code: code @ (codes::EXPIRED | codes::FILE_ID), .. }) => {
                return Ok(Err(FileState::Lost(code)));
            }
            Err(CallFault::Code { code, .. }) if codes::is_transient(code) => {
                return Ok(Err(FileState::Unreachable(code)));
            }
            Err(CallFault::Code { code, .. }) => return Ok(Err(FileState::Again(Some(code)))),
            Err(CallFault::Reader(_) | CallFault::Library(_)) => {
                return Ok(Err(FileState::Again(None)));
            }
        };
        file.write_all(&piece.data).map_err(DiskError::at(part))?;
        md5.update(&piece.data);
        size += piece.data.len() as u64;
        if piece.finished {
            break;
        }
        // A library that does not go on would be asked for ever.
        if size > MOST_BYTES || (piece.data.is_empty() && piece.position == position) {
            return Ok(Err(FileState::Again(None)));
        }
        position = piece.position;
    }
    file.sync_all().map_err(DiskError::at(part))?;
    let found = hex(md5);
    let right = wanted.md5.as_ref().is_none_or(|md5| *md5 == found);
    Ok(if right { Ok(size) } else { Err(FileState::Again(None)) })
}

/// Removes files that no message needs any longer.
pub(super) fn remove(folder: &Path, names: &[String]) {
    for name in names {
        if let Err(error) = fs::remove_file(folder.join(name)) {
            tracing::warn!("a file of the session archive could not be removed: {error}");
        }
    }
}
