//! Folders and files that only their owner may read: they hold personal data.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt as _};
use std::path::Path;

use super::error::DiskError;

/// Permissions of a new file that only its owner may read and write.
pub const PRIVATE_FILE: u32 = 0o600;

/// Permissions of a new folder that only its owner may enter.
const PRIVATE_DIR: u32 = 0o700;

/// Creates a folder and its parents, closed to others. Folders that exist keep their permissions.
///
/// # Errors
/// Whatever the system refuses.
pub fn create_private_dirs(path: &Path) -> Result<(), DiskError> {
    DirBuilder::new().recursive(true).mode(PRIVATE_DIR).create(path).map_err(DiskError::at(path))
}

/// Creates a file closed to others, or truncates an existing one, and opens it for writing.
///
/// # Errors
/// Whatever the system refuses.
pub fn create_private_file(path: &Path) -> Result<File, DiskError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_FILE)
        .open(path)
        .map_err(DiskError::at(path))
}

/// Closes a file to others that is open to them; one that is not there is no fault.
///
/// # Errors
/// Whatever the system refuses: only its owner may do that.
pub fn close_to_others(path: &Path) -> Result<(), DiskError> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(DiskError { path: path.to_path_buf(), source: error }),
    };
    match mode & !PRIVATE_FILE {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(PRIVATE_FILE))
            .map_err(DiskError::at(path)),
    }
}

/// Opens a file for reading and writing with its content kept; a new one is closed to others.
///
/// # Errors
/// Whatever the system refuses.
pub fn open_private_file(path: &Path) -> Result<File, DiskError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE_FILE)
        .open(path)
        .map_err(DiskError::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_folders_and_files_are_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let (parent, dir) = (folder.path().join("a"), folder.path().join("a/b"));
        create_private_dirs(&dir).unwrap();
        let (created, opened) = (dir.join("created"), dir.join("opened"));
        create_private_file(&created).unwrap();
        open_private_file(&opened).unwrap();
        for (path, mode) in [(parent, 0o700), (dir, 0o700), (created, 0o600), (opened, 0o600)] {
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{}", path.display());
        }
    }

    #[test]
    fn opening_keeps_the_content_and_creating_truncates_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "content").unwrap();
        open_private_file(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        create_private_file(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
