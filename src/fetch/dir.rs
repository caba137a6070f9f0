//! Fetching from a directory of this machine.

use std::fs::{File, Metadata, ReadDir};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use chrono::{DateTime, Utc};

use crate::model::{Feed, is_zip};

use super::deadline::FetchDeadline;
use super::digest::Hasher;
use super::expected_files::ExpectedFiles;
use super::readiness::{self, PollResult};
use super::remote::{Folder, Stat, Version};
use super::zipped::zipped;
use super::{Content, FetchError, Fetched, Progress, RawDelivery, RawFile, Request};
use super::{expand, matching};

/// Most names of a folder that are looked at.
const MOST_LISTED: usize = 10_000;

/// How much is read at a time, in bytes: enough for the hash to run beside the reading.
const CHUNK: usize = 1 << 20;

/// Reads the delivery in `dir`, once it is complete.
pub(super) fn fetch(
    dir: &Path,
    deadline: &FetchDeadline,
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    let source = dir.display().to_string();
    let settings = request.source.fetching();
    let mut look_for_new = || {
        let polled = PollResult::look(&mut Here(dir), wanted)?;
        polled.reject_earlier_delivery(request.earlier, &source)?;
        Ok(polled)
    };
    let polled = readiness::wait_until_complete(
        &settings.ready,
        wanted,
        &source,
        deadline,
        request.caller_polls,
        &mut look_for_new,
    )?;
    let mut files = Vec::with_capacity(Feed::ALL.len());
    for feed in Feed::ALL {
        deadline.check()?;
        let name = polled.name(feed);
        if polled.found.zipped && feed != Feed::Agent {
            continue;
        }
        let fetched = match polled.file(feed) {
            Stat::Missing => {
                let (name, near) = (name.to_owned(), polled.found.near[feed].clone());
                Fetched::Missing { feed, name, near }
            }
            Stat::Present(_) => take(&dir.join(name), feed, name, request.max_file_size, progress)?,
        };
        files.push(fetched);
    }
    if polled.found.zipped {
        files = zipped(files, wanted);
    } else {
        refuse_copies(dir, &files, request, wanted, deadline)?;
    }
    // The four files are one delivery: one that was replaced while another was read is of another day.
    let changed = polled.differences(&PollResult::look(&mut Here(dir), wanted)?, wanted);
    if !changed.is_empty() {
        return Err(FetchError::Changing { what: changed.join(", ") });
    }
    Ok(RawDelivery { source, files, downloads: Vec::new() })
}

/// Refuses a second file of the same feed, plain, packed or in a zip file, whose content is another one: which of them
/// counts would be a guess. A zip file that cannot be read, or holds other files, is none of the delivery.
fn refuse_copies(
    dir: &Path,
    files: &[Fetched],
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    deadline: &FetchDeadline,
) -> Result<(), FetchError> {
    let listed = Here(dir).list()?.unwrap_or_default();
    let limit = request.max_file_size;
    let zips: Vec<&String> = listed.iter().filter(|name| is_zip(name)).collect();
    for fetched in files {
        let Fetched::File(file) = fetched else { continue };
        let expected = wanted.name(file.feed);
        let copies = matching::copies(expected, &file.name, &listed);
        let zip = match zips[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        for other in copies.into_iter().chain(zip) {
            deadline.check()?;
            let path = dir.join(&other);
            let is_file = std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= limit);
            if !is_file {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, error))?;
            let content = match expand::content_for(expected, &other, &bytes, limit) {
                Ok(Some(content)) => content,
                Ok(None) => continue,
                Err(_) if is_zip(&other) => continue,
                Err(_) => Vec::new(),
            };
            let own = expand::content_for(expected, &file.name, file.bytes(), limit);
            if own.is_ok_and(|own| own.as_ref() != Some(&content)) {
                return Err(FetchError::TwoCopies { one: file.name.clone(), other });
            }
        }
    }
    Ok(())
}

/// A folder of this machine.
pub(super) struct Here<'d>(pub(super) &'d Path);

impl Folder for Here<'_> {
    fn stat(&mut self, name: &str) -> Result<Stat, FetchError> {
        let path = self.0.join(name);
        match std::fs::metadata(&path) {
            Ok(metadata) => Ok(Stat::Present(version(&metadata))),
            // Below a folder that is not there, or is closed, every file would just seem to be missing.
            Err(error) if error.kind() == ErrorKind::NotFound => self.open().map(|_| Stat::Missing),
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                self.open().map(|_| Stat::Missing)
            }
            Err(error) => {
                self.open()?;
                Err(unreadable(&path, error))
            }
        }
    }

    fn list(&mut self) -> Result<Option<Vec<String>>, FetchError> {
        let names = self.open()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(Some(names.take(MOST_LISTED).collect()))
    }
}

impl Here<'_> {
    fn open(&self) -> Result<ReadDir, FetchError> {
        let dir = self.0;
        std::fs::read_dir(dir).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                FetchError::NothingThere { place: dir.display().to_string(), near: Vec::new() }
            }
            ErrorKind::NotADirectory if dir.is_file() => {
                FetchError::NotAFolder { path: dir.to_path_buf() }
            }
            _ => unreadable(dir, error),
        })
    }
}

fn version(metadata: &Metadata) -> Version {
    let mtime = metadata.modified().ok().map(DateTime::<Utc>::from);
    let stamp = mtime.map(|mtime| mtime.to_rfc3339());
    Version { size: Some(metadata.len()), stamp, mtime }
}

fn take(
    path: &Path,
    feed: Feed,
    name: &str,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Fetched, FetchError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Fetched::Missing { feed, name: name.to_owned(), near: Vec::new() });
        }
        Err(error) => return Err(unreadable(path, error)),
    };
    // Before it is opened: opening a pipe waits for someone to write into it.
    if !metadata.is_file() {
        return Err(FetchError::NotAFile { path: path.to_path_buf() });
    }
    // A file that changes while it is read is given one more chance: a writer may just have
    // finished. Twice means that the delivery is still coming in.
    for _ in 0..2 {
        let mut file = File::open(path).map_err(|error| unreadable(path, error))?;
        let before = file.metadata().map_err(|error| unreadable(path, error))?;
        if before.len() > limit {
            let (name, size) = (name.to_owned(), before.len());
            return Ok(Fetched::Oversized { feed, name, size, limit });
        }
        progress.file(feed, Some(before.len()));
        let read = read_whole(&mut file, before.len(), |n| progress.bytes(feed, n))
            .map_err(|error| unreadable(path, error))?;
        let after = file.metadata().map_err(|error| unreadable(path, error))?;
        match read {
            Some((bytes, sha256)) if state(&before) == state(&after) => {
                let mtime = after.modified().ok().map(DateTime::<Utc>::from);
                let size = before.len();
                let (name, content) = (name.to_owned(), Content::Memory(Arc::new(bytes)));
                return Ok(Fetched::File(RawFile {
                    feed,
                    name,
                    content,
                    sha256,
                    size,
                    mtime,
                    container: None,
                    expanded: None,
                }));
            }
            _ => {}
        }
    }
    Err(FetchError::Changing { what: path.display().to_string() })
}

/// What does not stay the same when a file is written to.
fn state(metadata: &Metadata) -> (u64, Option<std::time::SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// Reads exactly `size` bytes and their SHA-256; `None` if there are fewer or more.
///
/// The hash is computed on another thread while chunks are read, so that it adds almost no time.
fn read_whole(
    file: &mut File,
    size: u64,
    mut progress: impl FnMut(u64),
) -> io::Result<Option<(Vec<u8>, String)>> {
    let size = usize::try_from(size).map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?;
    let mut bytes = vec![0; size];
    let (complete, sha256) = thread::scope(|scope| {
        let (sender, chunks) = mpsc::channel::<&[u8]>();
        let hash = scope.spawn(move || {
            let mut hasher = Hasher::default();
            chunks.into_iter().for_each(|chunk| hasher.update(chunk));
            hasher.finish()
        });
        for chunk in bytes.chunks_mut(CHUNK) {
            match file.read_exact(chunk) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok((false, String::new()));
                }
                Err(error) => return Err(error),
            }
            progress(chunk.len() as u64);
            // The other end is dropped only if the hashing thread panicked, which `join` tells.
            _ = sender.send(chunk);
        }
        drop(sender);
        let at_end = file.read(&mut [0])? == 0;
        let sha256 = hash.join().map_err(|_| io::Error::other("the hashing thread panicked"))?;
        Ok((at_end, sha256))
    })?;
    Ok(complete.then_some((bytes, sha256)))
}

fn unreadable(path: &Path, error: io::Error) -> FetchError {
    let path = path.to_path_buf();
    match error.kind() {
        ErrorKind::PermissionDenied => FetchError::Denied { path },
        _ => FetchError::Unreadable { path, source: error },
    }
}
