//! The files of a report: each appears complete or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::replace_file_with;
use crate::model::{Message, system_reason};

/// Permissions of a file, of which the user's umask takes its share: it is made to be passed on.
const READABLE: u32 = 0o666;

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

/// Writes a file of that name to a folder, which is made if it is not there, and returns its path.
///
/// # Errors
/// If the folder or the file cannot be written; a file that was there before then stays.
pub fn write(
    dir: &Path,
    name: &str,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<PathBuf, WriteError> {
    let path = dir.join(name);
    let written =
        std::fs::create_dir_all(dir).and_then(|()| replace_file_with(&path, READABLE, content));
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}
