//! Removes an archived delivery. A folder that holds something else keeps that, and stays.

use std::fs;
use std::io;
use std::path::Path;

use crate::disk::DiskError;

use super::ArchiveError;
use super::archive::{self, MANIFEST};
use super::settings::SETTINGS;

/// Removes the files of an archived delivery and its folder. The manifest goes last, so that a removal that is broken off can
/// be taken up again.
///
/// # Errors
/// If the manifest cannot be read, or the disk does not do it.
pub fn remove(folder: &Path) -> Result<(), ArchiveError> {
    let remove = |path: &Path| match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DiskError::at(path)(error)),
        _ => Ok(()),
    };
    for file in archive::packed_files(folder)? {
        remove(&file)?;
    }
    remove(&folder.join(SETTINGS))?;
    remove(&folder.join(MANIFEST))?;
    // A folder with other files stays; that of the date stays while there is another run.
    for folder in [Some(folder), folder.parent()].into_iter().flatten() {
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
            removed => removed.map_err(DiskError::at(folder))?,
        }
    }
    Ok(())
}
