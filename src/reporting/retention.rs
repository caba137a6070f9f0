//! Removes report folders that are older than the job keeps them. A folder is taken for one of ours only if everything
//! about it says so; anything else is left alone, and so is a folder that holds something else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::model::{Message, RunReport, system_reason};
use crate::report::{html, json, xlsx};

/// The names of the files that orgsnap writes to a report folder.
const OURS: [&str; 3] = [json::FILE_NAME, html::FILE_NAME, xlsx::FILE_NAME];

/// What is read of a report to tell whose it is.
#[derive(Deserialize)]
struct Owner {
    run: String,
    tenant: String,
}

/// Removes the report folders of the tenant whose runs began longer before this one than `keep`. What cannot be removed is
/// among the faults.
pub(super) fn remove_old(reports: &Path, report: &RunReport, keep: Duration) -> Vec<Message> {
    let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
    let Some(oldest) = report.started.checked_sub_signed(keep) else { return Vec::new() };
    let entries = match fs::read_dir(reports) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => return vec![fault(reports, &error)],
    };
    let mut faults = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let old = name.to_str().filter(|name| began(name).is_some_and(|began| began < oldest));
        // The type of the entry itself: a link is no folder of ours.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Some(run) = old.filter(|_| is_folder)
            && let Some(files) = ours(&entry.path(), run, &report.tenant)
            && let Err(error) = remove(&entry.path(), &files)
        {
            faults.push(fault(&entry.path(), &error));
        }
    }
    faults
}

/// When the run of that id began, such as `20241124-023000-1f3a`; none if it is no id of a run.
fn began(run: &str) -> Option<DateTime<Utc>> {
    let (start, suffix) = run.rsplit_once('-')?;
    let is_suffix = suffix.len() == 4 && suffix.bytes().all(|b| b.is_ascii_hexdigit());
    let began = NaiveDateTime::parse_from_str(start, "%Y%m%d-%H%M%S").ok()?.and_utc();
    (is_suffix && start.len() == 15).then_some(began)
}

/// The files of a report folder, if all in it is ours and its report is that of the run and of the tenant.
fn ours(folder: &Path, run: &str, tenant: &str) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name();
        // A file that was being written when the machine went down.
        let name = name.to_str()?.trim_end_matches(".part");
        if !OURS.contains(&name) || !entry.file_type().ok()?.is_file() {
            return None;
        }
        files.push(entry.path());
    }
    let text = fs::read(folder.join(json::FILE_NAME)).ok()?;
    let owner: Owner = serde_json::from_slice(&text).ok()?;
    (owner.run == run && owner.tenant == tenant).then_some(files)
}

/// The report that tells whose the folder is goes last, so that a removal that is broken off can be taken up again.
fn remove(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    let last = folder.join(json::FILE_NAME);
    for file in files.iter().filter(|file| **file != last).chain([&last]) {
        fs::remove_file(file)?;
    }
    fs::remove_dir(folder)
}

fn fault(path: &Path, error: &io::Error) -> Message {
    let (path, Message { zh, en }) = (path.display(), system_reason(error));
    Message::new(
        format!("过期的报告 {path} 无法删除：{zh}；请检查该目录的权限"),
        format!(
            "the old reports in {path} could not be removed: {en}; check that folder's permissions"
        ),
    )
}
