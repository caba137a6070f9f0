//! Which deliveries the archive of a tenant holds.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::model::RunId;

use super::ArchiveError;
use super::archive::MANIFEST;

/// The archive of a tenant.
pub fn archive_folder(tenant_dir: &Path) -> PathBuf {
    tenant_dir.join("archive")
}

/// The folder of an archived delivery.
pub fn delivery_folder(tenant_dir: &Path, date: NaiveDate, run: &RunId) -> PathBuf {
    archive_folder(tenant_dir).join(date.to_string()).join(&run.0)
}

/// The runs whose deliveries are archived to the end, by date, in the order of their ids; none if there is no archive.
///
/// # Errors
/// If a folder cannot be read.
pub fn archived_runs(tenant_dir: &Path) -> Result<BTreeMap<NaiveDate, Vec<RunId>>, ArchiveError> {
    let mut found = BTreeMap::new();
    let archive = archive_folder(tenant_dir);
    for day in entries(&archive)? {
        let Some(date) = day.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let mut runs: Vec<RunId> = entries(&day.path())?
            .into_iter()
            .filter(|run| run.path().join(MANIFEST).exists())
            .filter_map(|run| run.file_name().into_string().ok().map(RunId))
            .collect();
        if !runs.is_empty() {
            runs.sort_unstable();
            found.insert(date, runs);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, ArchiveError> {
    let unreadable = |source| ArchiveError::Unreadable { path: folder.to_path_buf(), source };
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(unreadable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(error)),
    }
}
