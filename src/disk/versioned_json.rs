//! Small JSON documents with a version number, read whole and replaced whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{Message, json_reason};

use super::{DiskError, PRIVATE_FILE, create_private_dirs, replace_file};

/// Why a versioned document cannot be read.
#[derive(Debug)]
pub enum VersionedJsonError {
    /// The file cannot be read.
    Disk(io::Error),
    /// A newer program wrote it.
    Newer {
        /// The version found.
        found: u32,
    },
    /// It is no document of this kind.
    Damaged {
        /// What is wrong.
        problem: Message,
    },
}

/// A document at a path, whose number under `version_key` is at most `supported`.
#[derive(Debug, Clone)]
pub struct VersionedJson {
    /// The file.
    pub path: PathBuf,
    /// The key of the version number, such as `format`.
    pub version_key: &'static str,
    /// The newest version that this program reads.
    pub supported: u32,
    /// Whether the file ends with a line break.
    pub final_newline: bool,
}

impl VersionedJson {
    /// Reads the document; `None` if there is no file.
    ///
    /// # Errors
    /// See [`VersionedJsonError`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, VersionedJsonError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VersionedJsonError::Disk(error)),
        };
        self.parse(&text).map(Some)
    }

    /// Reads a document that is kept elsewhere.
    ///
    /// # Errors
    /// [`VersionedJsonError::Newer`] and [`VersionedJsonError::Damaged`].
    pub fn parse<T: DeserializeOwned>(&self, text: &[u8]) -> Result<T, VersionedJsonError> {
        let any: Option<serde_json::Value> = serde_json::from_slice(text).ok();
        let version = any.as_ref().and_then(|any| any.get(self.version_key)?.as_u64());
        if let Some(found) = version.and_then(|version| u32::try_from(version).ok())
            && found > self.supported
        {
            return Err(VersionedJsonError::Newer { found });
        }
        serde_json::from_slice(text)
            .map_err(|error| VersionedJsonError::Damaged { problem: json_reason(&error) })
    }

    /// Replaces the document atomically. Its folder is created if it is missing; folder and file can be read by their
    /// owner only.
    ///
    /// # Errors
    /// Whatever the system refuses; the old file is then unchanged.
    pub fn replace(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(document)?;
        if self.final_newline {
            text.push(b'\n');
        }
        create_private_dirs(self.path.parent().unwrap_or(Path::new(".")))
            .map_err(|DiskError { source, .. }| source)?;
        replace_file(&self.path, &text, PRIVATE_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> VersionedJson {
        let path = folder.join("new/x.json");
        VersionedJson { path, version_key: "format", supported: 2, final_newline: true }
    }

    #[test]
    fn a_versioned_document_round_trips_and_creates_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(file.read::<Vec<u32>>().unwrap(), None);
        file.replace(&[1, 2]).unwrap();
        assert_eq!(file.read::<Vec<u32>>().unwrap(), Some(vec![1, 2]));
        assert!(fs::read_to_string(&file.path).unwrap().ends_with("]\n"));
    }

    #[test]
    fn newer_and_damaged_documents_give_distinct_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        file.replace(&serde_json::json!({ "format": 3 })).unwrap();
        let newer = file.read::<serde_json::Value>();
        assert!(matches!(newer, Err(VersionedJsonError::Newer { found: 3 })), "{newer:?}");
        for text in ["", "{", "[1]"] {
            fs::write(&file.path, text).unwrap();
            let damaged = file.read::<std::collections::BTreeMap<String, u32>>();
            assert!(matches!(damaged, Err(VersionedJsonError::Damaged { .. })), "{damaged:?}");
        }
    }
}
