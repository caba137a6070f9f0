//! What a lake is kept on: a folder, or objects of a bucket.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

/// A file of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its path below the root.
    pub path: String,
    /// When it was written.
    pub modified: DateTime<Utc>,
}

/// A file of the lake that can be read from the disk.
#[derive(Debug)]
pub(super) struct LocalCopy {
    pub path: PathBuf,
    /// Whether it is a copy, which goes with this value.
    pub is_temporary: bool,
}

impl Drop for LocalCopy {
    fn drop(&mut self) {
        if self.is_temporary {
            // It lies among the temporary files, which others remove as well.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Files by their paths below the root. What is written is there, whole, when the call returns, and lasts.
pub(super) trait Storage: std::fmt::Debug {
    /// A path as people name it.
    fn shown(&self, path: &str) -> String;
    /// Where on the disk the content of a new file is to be written.
    fn scratch(&self, path: &str) -> io::Result<PathBuf>;
    /// Puts what was written there into its place.
    fn keep(&self, path: &str, scratch: &Path) -> io::Result<()>;
    /// Makes a file that is not there. False if it is there; it is then as it was.
    fn create(&self, path: &str, content: &[u8]) -> io::Result<bool>;
    /// The content of a file; none if it is not there.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
    /// A file on the disk; none if it is not there.
    fn local(&self, path: &str) -> io::Result<Option<LocalCopy>>;
    /// All files below a folder.
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>>;
    /// Removes a file, if it is there.
    fn remove(&self, path: &str) -> io::Result<()>;
}
