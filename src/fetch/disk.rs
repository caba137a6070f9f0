//! Files and folders that only their owner may read, and what goes wrong with a disk.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> DiskError {
        let path = path.to_path_buf();
        move |source| DiskError { path, source }
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let path = self.path.display();
        match self.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Message::new(
                format!("磁盘已满，无法写入 {path}；请腾出空间后重试"),
                format!("the disk is full: cannot write {path}; free some space and run again"),
            ),
            ErrorKind::ReadOnlyFilesystem => Message::new(
                format!("磁盘只读，无法写入 {path}；请用 --data 指定可写的文件夹"),
                format!(
                    "the disk is read-only: cannot write {path}; name a writable folder with --data"
                ),
            ),
            ErrorKind::PermissionDenied => Message::new(
                format!("没有权限写入 {path}；请修改权限，或用 --data 指定可写的文件夹"),
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

/// Makes a folder and those above it; new ones are closed to others.
pub(super) fn create_private_dirs(path: &Path) -> Result<(), DiskError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(DiskError::at(path))
}

/// Makes a file closed to others, or empties the one that stands there.
pub(super) fn create_private_file(path: &Path) -> Result<File, DiskError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(DiskError::at(path))
}

/// Makes the names in a folder last through a power cut.
pub(super) fn sync_dir(path: &Path) -> Result<(), DiskError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(DiskError::at(path))
}

/// Bytes that we may still write to the disk of a folder.
pub(super) fn free_bytes(path: &Path) -> Result<u64, DiskError> {
    let stat =
        rustix::fs::statvfs(path).map_err(|error| DiskError::at(path)(io::Error::from(error)))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
