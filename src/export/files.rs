//! Where an export is written: beside its place first, and there when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::ExportError;
use crate::disk::create_private_dirs;

/// A file or folder that is being written.
#[derive(Debug)]
pub(super) struct Target {
    /// Its place.
    out: PathBuf,
    /// Where it is written until it is complete.
    part: PathBuf,
    is_file: bool,
    /// Whether it is removed when it is dropped: it is not complete.
    is_temporary: bool,
}

impl Target {
    /// Begins a file, or a folder of files. Nothing that is there is replaced unless `force` says so.
    pub(super) fn begin(out: &Path, is_file: bool, force: bool) -> Result<Target, ExportError> {
        let failed = |error: io::Error| ExportError::Write(out.to_path_buf(), error);
        // A link that leads nowhere is there too.
        let there = fs::symlink_metadata(out).ok();
        if there.is_some() && !force {
            return Err(ExportError::Exists(out.to_path_buf()));
        }
        if there.is_some_and(|there| is_file == there.is_dir()) {
            let kind =
                if is_file { io::ErrorKind::IsADirectory } else { io::ErrorKind::NotADirectory };
            return Err(failed(kind.into()));
        }
        let Some(name) = out.file_name() else {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let part = out.with_file_name(hidden);
        let target = Target { out: out.to_path_buf(), part, is_file, is_temporary: true };
        if !is_file {
            create_private_dirs(&target.part).map_err(|error| failed(error.source))?;
        }
        Ok(target)
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> Target {
        let (out, part) = (self.out.join(name), self.part.join(name));
        Target { out, part, is_file: true, is_temporary: false }
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// Where it will be.
    pub(super) fn shown(&self, name: Option<&str>) -> PathBuf {
        name.map_or_else(|| self.out.clone(), |name| self.out.join(name))
    }

    /// Puts what is written into its place.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        let failed = |error: io::Error| ExportError::Write(self.out.clone(), error);
        self.place().map_err(failed)?;
        self.is_temporary = false;
        Ok(())
    }

    fn place(&self) -> io::Result<()> {
        if self.is_file {
            File::open(&self.part)?.sync_all()?;
            fs::rename(&self.part, &self.out)?;
        } else if self.out.is_dir() {
            // A folder cannot replace one that has files; of those only the ones of the same names are replaced.
            for entry in fs::read_dir(&self.part)? {
                let entry = entry?;
                File::open(entry.path())?.sync_all()?;
                fs::rename(entry.path(), self.out.join(entry.file_name()))?;
            }
            fs::remove_dir(&self.part)?;
        } else {
            for entry in fs::read_dir(&self.part)? {
                File::open(entry?.path())?.sync_all()?;
            }
            fs::rename(&self.part, &self.out)?;
        }
        // The name, too, must last through a power cut.
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.is_temporary {
            // The fault that kept it from being complete is the one to report.
            let _ = if self.is_file {
                fs::remove_file(&self.part)
            } else {
                fs::remove_dir_all(&self.part)
            };
        }
    }
}
