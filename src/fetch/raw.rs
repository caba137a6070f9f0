//! The files of one delivery, as they came.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::model::Feed;

use crate::disk::DiskError;

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
    /// The file's name.
    pub name: String,
    /// All its bytes, or where they are.
    pub content: Content,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
    /// Number of bytes.
    pub size: u64,
    /// Modification time at the source. FTP servers may give local time for UTC: good for
    /// comparing, not for arithmetic.
    pub mtime: Option<DateTime<Utc>>,
}

/// The bytes of a file.
#[derive(Clone)]
pub enum Content {
    /// Here.
    Memory(Vec<u8>),
    /// In a local file that no other process writes.
    Disk(PathBuf),
}

impl RawDelivery {
    /// What became of the file of a feed.
    pub fn file(&self, feed: Feed) -> &Fetched {
        &self.files[feed as usize]
    }

    /// Reads into memory what lies on disk.
    ///
    /// # Errors
    /// If a download cannot be read, or is no longer as long as it was.
    pub fn load(&mut self) -> Result<(), DiskError> {
        for fetched in &mut self.files {
            let Fetched::File(file) = fetched else { continue };
            let Content::Disk(path) = &file.content else { continue };
            let bytes = std::fs::read(path).map_err(DiskError::at(path))?;
            if bytes.len() as u64 != file.size {
                let source = io::Error::other("the download changed on this disk");
                return Err(DiskError { path: path.clone(), source });
            }
            file.content = Content::Memory(bytes);
        }
        Ok(())
    }

    /// Bytes of all files that were read.
    pub fn bytes(&self) -> u64 {
        let read = self.files.iter().map(|fetched| match fetched {
            Fetched::File(file) => file.size,
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
    /// The bytes, if they are in memory: always so for files of a directory, and after
    /// [`RawDelivery::load`].
    pub fn bytes(&self) -> &[u8] {
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
