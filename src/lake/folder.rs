//! A lake in a folder of a disk or a network file system.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::disk::{create_private_dirs, create_private_file};

use super::storage::{Listed, LocalCopy, Storage};

/// The folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Folder {
        Folder { root: root.to_path_buf() }
    }

    /// The file's place; the folders above it are made.
    fn place(&self, path: &str) -> io::Result<PathBuf> {
        let place = self.root.join(path);
        create_private_dirs(place.parent().unwrap_or(&self.root))?;
        Ok(place)
    }

    /// Makes the names of a file and of the folders above it last through a power cut.
    fn sync_names(&self, place: &Path) -> io::Result<()> {
        for folder in place.ancestors().skip(1) {
            File::open(folder)?.sync_all()?;
            if folder == self.root {
                break;
            }
        }
        Ok(())
    }

    fn walk(&self, folder: &Path, found: &mut Vec<Listed>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                self.walk(&path, found)?;
                continue;
            }
            // What another export removes or renames meanwhile was no file of the lake.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let inside = path.strip_prefix(&self.root).map_err(io::Error::other)?;
            if let Some(inside) = inside.to_str() {
                let modified = metadata.modified()?.into();
                found.push(Listed { path: inside.to_owned(), modified });
            }
        }
        Ok(())
    }
}

impl Storage for Folder {
    fn shown(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }

    fn scratch(&self, path: &str) -> io::Result<PathBuf> {
        self.place(path)
    }

    fn keep(&self, _: &str, scratch: &Path) -> io::Result<()> {
        File::open(scratch)?.sync_all()?;
        self.sync_names(scratch)
    }

    /// A link to a file of another name: it fails if the name is taken, and what appears is whole.
    fn create(&self, path: &str, content: &[u8]) -> io::Result<bool> {
        let place = self.place(path)?;
        let name = place.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let part = place.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let mut file = create_private_file(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        let linked = fs::hard_link(&part, &place);
        fs::remove_file(&part)?;
        match linked {
            Ok(()) => self.sync_names(&place).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(path)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn local(&self, path: &str) -> io::Result<Option<LocalCopy>> {
        let path = self.root.join(path);
        let is_there = path.try_exists()?;
        Ok(is_there.then_some(LocalCopy { path, is_temporary: false }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let mut found = Vec::new();
        self.walk(&self.root.join(folder), &mut found)?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let place = self.root.join(path);
        match fs::remove_file(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The folder of one export goes with its last file. Those above it are of others as well.
        let folder = place.parent().filter(|folder| {
            folder.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("run="))
        });
        if let Some(folder) = folder {
            // One that something is in refuses.
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_folder_is_created_once_and_keeps_its_first_content() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(&root.path().join("lake"));
        let file = "v1/run=1/b.json";
        assert!(folder.create(file, b"first").unwrap());
        assert!(!folder.create(file, b"second").unwrap());
        assert_eq!(folder.read(file).unwrap().unwrap(), b"first");
        let listed = folder.list("v1").unwrap();
        assert_eq!(listed.iter().map(|file| &*file.path).collect::<Vec<_>>(), [file]);
        folder.remove(file).unwrap();
        folder.remove(file).unwrap();
        assert!(folder.read(file).unwrap().is_none() && folder.list("v1").unwrap().is_empty());
        assert!(
            !root.path().join("lake/v1/run=1").exists(),
            "an empty folder of an export is removed"
        );
    }
}
