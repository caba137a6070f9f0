//! The files of a report: each appears complete or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{PRIVATE_FILE, create_private_dirs, replace_file_with};
use crate::model::{Message, system_reason};

/// A report file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report {} could not be written: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl WriteError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let (path, Message { zh, en }) = (self.path.display(), system_reason(&self.source));
        Message::new(
            format!("运行已结束，但报告 {path} 无法写入：{zh}；请检查该目录的权限和剩余空间"),
            format!(
                "the run is over, but its report {path} could not be written: {en}; check that folder's \
                 permissions and free space"
            ),
        )
    }
}

/// Writes a file of that name to a folder, which is made if it is not there, and returns its path. Both are closed to
/// others: they hold personal data.
///
/// # Errors
/// If the folder or the file cannot be written; a file that was there before then stays.
pub fn write(
    dir: &Path,
    name: &str,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<PathBuf, WriteError> {
    let path = dir.join(name);
    let written = create_private_dirs(dir)
        .map_err(|error| error.source)
        .and_then(|()| replace_file_with(&path, PRIVATE_FILE, content));
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}
