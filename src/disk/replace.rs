//! Atomic replacement of small files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Replaces a file, or creates it, atomically: a reader sees the old content or the new one, also after a power
/// cut. `mode` is the permissions of the new file, such as [`PRIVATE_FILE`](super::PRIVATE_FILE). The caller must
/// keep two writers of one file apart.
///
/// # Errors
/// Whatever the system refuses; the old file is then unchanged.
pub fn replace_file(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    replace_file_with(path, mode, |file| file.write_all(content))
}

/// As [`replace_file`], with what `write` writes, so that it need not be in memory at once.
///
/// # Errors
/// As [`replace_file`], and those of `write`.
pub fn replace_file_with(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut part = OsString::from(path);
    part.push(".part");
    let written = move |part: &OsString| -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(part)?;
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(part, path)
    };
    if let Err(error) = written(&part) {
        // The part file is incomplete or missing; the first error is the one to report.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // The name, too, must last through a power cut.
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_atomically_and_a_failure_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for content in ["first, and longer", "second"] {
            replace_file(&path, content.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::create_dir(folder.path().join("state.json.part")).unwrap();
        replace_file(&path, b"third", 0o600).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert!(replace_file(&folder.path().join("none/state.json"), b"", 0o600).is_err());
    }
}
