//! Faults of the disk that orgsnap writes to.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::model::{Message, system_reason};

/// A fault of the disk that orgsnap writes to. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub struct DiskError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

impl DiskError {
    /// For `map_err`: the fault of a path.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> DiskError {
        let path = path.to_path_buf();
        move |source| DiskError { path, source }
    }

    /// Whether there may be space again later without a change of the set-up.
    pub fn is_transient(&self) -> bool {
        let kind = self.source.kind();
        is_full(kind) || kind == ErrorKind::ResourceBusy
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let path = self.path.display();
        match self.source.kind() {
            kind if is_full(kind) => Message::new(
                format!("磁盘已满，无法写入 {path}；请腾出空间后重试"),
                format!("the disk is full: cannot write {path}; free some space and run again"),
            ),
            ErrorKind::ReadOnlyFilesystem => Message::new(
                format!("磁盘只读，无法写入 {path}；请用 --data 指定可写的目录"),
                format!(
                    "the disk is read-only: cannot write {path}; name a writable folder with --data"
                ),
            ),
            ErrorKind::PermissionDenied => Message::new(
                format!("没有权限写入 {path}；请修改权限，或用 --data 指定可写的目录"),
                format!(
                    "no permission to write {path}; change it, or name a writable folder with --data"
                ),
            ),
            _ => {
                let Message { zh, en } = system_reason(&self.source);
                Message::new(format!("无法写入 {path}：{zh}"), format!("cannot write {path}: {en}"))
            }
        }
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl From<DiskError> for io::Error {
    fn from(error: DiskError) -> io::Error {
        error.source
    }
}

/// Whether the disk, or this user's share of it, is full.
fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
