//! Free space, and names that last through a power cut.

use std::fs::File;
use std::io;
use std::path::Path;

use super::error::DiskError;

/// Flushes the names in a folder to the disk, so that they last through a power cut.
///
/// # Errors
/// Whatever the system refuses.
pub fn sync_dir(path: &Path) -> Result<(), DiskError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(DiskError::at(path))
}

/// Whether a folder is on something that keeps files; what the system shows of itself (`/proc`, `/sys`) does not.
///
/// # Errors
/// Whatever the system refuses.
pub fn keeps_files(path: &Path) -> Result<bool, DiskError> {
    let stat =
        rustix::fs::statvfs(path).map_err(|error| DiskError::at(path)(io::Error::from(error)))?;
    Ok(stat.f_blocks > 0)
}

/// Bytes that this user may still write to the disk of a folder.
///
/// # Errors
/// Whatever the system refuses.
pub fn free_bytes(path: &Path) -> Result<u64, DiskError> {
    let stat =
        rustix::fs::statvfs(path).map_err(|error| DiskError::at(path)(io::Error::from(error)))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
