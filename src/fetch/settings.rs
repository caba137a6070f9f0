//! The settings with which an archived delivery was read, beside its files, so that it can be read again as it was then.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::{DiskError, VersionedJson, VersionedJsonError};
use crate::model::Message;

use super::ArchiveError;

/// The name of the document, in the folder of a delivery.
pub const SETTINGS: &str = "settings.json";

/// The version of the document that this program writes and reads.
const VERSION: u32 = 1;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedSettings {
    version: u32,
    /// Version of the program.
    pub tool: String,
    /// The tables of the job file that say how files are read, as TOML.
    pub job: String,
    /// The files of the job's own schema by name; `None` for the built-in one.
    pub schema: Option<BTreeMap<String, String>>,
}

impl ArchivedSettings {
    /// Of this version of the document.
    pub fn new(
        tool: &str,
        job: &str,
        schema: Option<BTreeMap<String, String>>,
    ) -> ArchivedSettings {
        ArchivedSettings { version: VERSION, tool: tool.to_owned(), job: job.to_owned(), schema }
    }

    /// Writes them to the folder of a delivery, on disk for good when this returns.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn write(&self, folder: &Path) -> Result<(), DiskError> {
        let document = document(folder);
        document.replace(self).map_err(DiskError::at(&document.path))
    }

    /// Reads those of a delivery; `None` if there are none, as in an archive of an earlier version.
    ///
    /// # Errors
    /// If the document cannot be read, or is none of this program.
    pub fn read(folder: &Path) -> Result<Option<ArchivedSettings>, ArchiveError> {
        let document = document(folder);
        let path = document.path.clone();
        document.read().map_err(|error| match error {
            VersionedJsonError::Disk(source) => ArchiveError::Unreadable { path, source },
            VersionedJsonError::Damaged { problem } => {
                ArchiveError::Damaged { path, what: problem }
            }
            VersionedJsonError::Newer { found } => ArchiveError::Damaged {
                path,
                what: Message::new(
                    format!("本程序不支持版本 {found}；请升级 orgsnap"),
                    format!("version {found} is not known here; use a newer orgsnap"),
                ),
            },
        })
    }
}

fn document(folder: &Path) -> VersionedJson {
    VersionedJson {
        path: folder.join(SETTINGS),
        version_key: "version",
        supported: VERSION,
        final_newline: true,
    }
}
