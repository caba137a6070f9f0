//! The files of one delivery, as they came.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{Feed, Message, is_gzip};

use crate::disk::DiskError;

use super::expand::{self, Member, Refusal};
use super::{FetchError, matching};

/// The files of one delivery, as they came.
#[derive(Debug, Clone)]
pub struct RawDelivery {
    /// Where they came from, without secrets: a directory, or `ftps://user@host:21/path`.
    pub source: String,
    /// One a feed.
    pub files: Vec<Fetched>,
    /// Downloads on disk, for [`RawDelivery::remove_downloads`].
    pub downloads: Vec<PathBuf>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// It was read.
    File(RawFile),
    /// It is not there, while others are (F101).
    Missing {
        /// The feed.
        feed: Feed,
        /// The file's name.
        name: String,
        /// Names at the source that are near it.
        near: Vec<String>,
    },
    /// It is too large and was not read (F111).
    Oversized {
        /// The feed.
        feed: Feed,
        /// The file's name.
        name: String,
        /// Its size in bytes; where the server does not tell sizes, what came before giving up.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// A file as delivered.
#[derive(Debug, Clone)]
pub struct RawFile {
    /// The feed.
    pub feed: Feed,
    /// The file's name, in the zip file where it came in one.
    pub name: String,
    /// The zip file that it came in; content, hash and size are those of that file then.
    pub container: Option<String>,
    /// All its bytes as delivered, or where they are.
    pub content: Content,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
    /// Number of bytes.
    pub size: u64,
    /// Modification time at the source. FTP servers may give local time for UTC: good for
    /// comparing, not for arithmetic.
    pub mtime: Option<DateTime<Utc>>,
    /// The bytes of a packed file, expanded by [`RawDelivery::load`].
    pub expanded: Option<Vec<u8>>,
}

/// The bytes of a file.
#[derive(Clone)]
pub enum Content {
    /// Here.
    Memory(Arc<Vec<u8>>),
    /// In a local file that no other process writes.
    Disk(PathBuf),
}

impl RawDelivery {
    /// What became of the file of a feed.
    pub fn file(&self, feed: Feed) -> &Fetched {
        &self.files[feed as usize]
    }

    /// Reads into memory what lies on disk, and expands what came packed. A file that becomes larger than `limit` bytes
    /// counts as oversized.
    ///
    /// # Errors
    /// If a download cannot be read, or is no longer as long as it was; if a packed file is damaged or dangerous.
    pub fn load(&mut self, limit: u64) -> Result<(), FetchError> {
        let mut of_zip: Option<Arc<Vec<u8>>> = None;
        for fetched in &mut self.files {
            let Fetched::File(file) = fetched else { continue };
            let Content::Disk(path) = &file.content else { continue };
            if let (Some(_), Some(bytes)) = (&file.container, &of_zip) {
                file.content = Content::Memory(Arc::clone(bytes));
                continue;
            }
            let bytes = std::fs::read(path).map_err(DiskError::at(path))?;
            if bytes.len() as u64 != file.size {
                let source = io::Error::other("the download changed on this disk");
                return Err(DiskError { path: path.clone(), source }.into());
            }
            let bytes = Arc::new(bytes);
            if file.container.is_some() {
                of_zip = Some(Arc::clone(&bytes));
            }
            file.content = Content::Memory(bytes);
        }
        self.expand(limit)
    }

    fn expand(&mut self, limit: u64) -> Result<(), FetchError> {
        let mut listed: Option<Vec<Member>> = None;
        for fetched in &mut self.files {
            let Fetched::File(file) = fetched else { continue };
            let Content::Memory(packed) = &file.content else { continue };
            let expanded = match &file.container {
                Some(zip) => {
                    let members = match listed.take() {
                        Some(members) => members,
                        None => expand::members(packed).map_err(|refusal| refusal.of(zip))?,
                    };
                    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
                    let Some(name) = matching::find(&file.name, &names) else {
                        let near = matching::near(&file.name, &names);
                        let (feed, name) = (file.feed, file.name.clone());
                        *fetched = Fetched::Missing { feed, name, near };
                        listed = Some(members);
                        continue;
                    };
                    let mut fitting = members.iter().filter(|member| member.name == name);
                    let expanded =
                        fitting.next().map(|member| expand::unzip(packed, member, limit));
                    if fitting.next().is_some() {
                        let what = Message::new(
                            format!("其中有不止一个 {name}"),
                            format!("it holds {name} more than once"),
                        );
                        return Err(Refusal::Unusable(what).of(zip));
                    }
                    file.name = name.to_owned();
                    listed = Some(members);
                    expanded
                }
                None if is_gzip(&file.name) => Some(expand::gunzip(packed, limit)),
                None => None,
            };
            match expanded {
                None => {}
                Some(Ok(bytes)) => file.expanded = Some(bytes),
                Some(Err(Refusal::Oversized(size))) => {
                    let (feed, name) = (file.feed, file.name.clone());
                    *fetched = Fetched::Oversized { feed, name, size, limit };
                }
                Some(Err(refusal)) => {
                    return Err(refusal.of(file.container.as_ref().unwrap_or(&file.name)));
                }
            }
        }
        Ok(())
    }

    /// Bytes of all files that were read.
    pub fn bytes(&self) -> u64 {
        let read = self.files.iter().map(|fetched| match fetched {
            Fetched::File(file) => file.expanded.as_ref().map_or(file.size, |all| all.len() as u64),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => 0,
        });
        read.sum()
    }

    /// Removes the downloads from the disk, once they are archived and loaded. One that stays behind is
    /// written over by the next run.
    pub fn remove_downloads(&mut self) {
        for download in self.downloads.drain(..) {
            if let Err(error) = std::fs::remove_file(&download) {
                tracing::warn!("cannot remove {}: {error}", download.display());
            }
        }
    }
}

impl Fetched {
    /// The feed.
    pub fn feed(&self) -> Feed {
        match self {
            Fetched::File(file) => file.feed,
            Fetched::Missing { feed, .. } | Fetched::Oversized { feed, .. } => *feed,
        }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        match self {
            Fetched::File(file) => &file.name,
            Fetched::Missing { name, .. } | Fetched::Oversized { name, .. } => name,
        }
    }
}

impl RawFile {
    /// The bytes, expanded if the file came packed; always there after [`RawDelivery::load`].
    pub fn bytes(&self) -> &[u8] {
        if let Some(expanded) = &self.expanded {
            return expanded;
        }
        match &self.content {
            Content::Memory(bytes) => bytes,
            Content::Disk(_) => &[],
        }
    }
}

impl Content {
    /// Where the bytes are, if not in memory.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Content::Memory(_) => None,
            Content::Disk(path) => Some(path),
        }
    }
}

impl std::fmt::Debug for Content {
    /// Leaves the bytes out: they are personal data, and many.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Memory(_) => f.write_str("in memory"),
            Content::Disk(path) => path.fmt(f),
        }
    }
}
