//! The other job files of a folder, as far as they concern a job: one tenant has one job file, and an AppID belongs to one
//! tenant. `orgsnap serve` reads the whole folder, so that a job that is looked at alone is compared with it, too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::job::{self, AppIdOwners, Job};
use crate::model::Message;

/// What other job files say that concerns a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Another tenant has an AppID of its accounts.
    pub shared_app_id: Option<Message>,
    /// The files of the same tenant.
    pub same_tenant: Vec<PathBuf>,
    /// Files of its folder that are no valid job files.
    pub unread: Vec<PathBuf>,
}

/// Job files, to compare each with the others.
#[derive(Debug, Default)]
pub struct Neighbourhood {
    jobs: Vec<Job>,
    unread: Vec<PathBuf>,
}

impl Neighbourhood {
    /// Reads the job files in the folders of those that are looked at, and these.
    pub fn of(given: &[PathBuf], variable: &dyn Fn(&str) -> Option<String>) -> Neighbourhood {
        let mut paths = BTreeSet::new();
        for path in given {
            paths.extend(job_files_beside(path));
            paths.insert(path.clone());
        }
        let (mut neighbourhood, mut seen) = (Neighbourhood::default(), BTreeSet::new());
        for path in paths {
            // A link to a file is no other file.
            if !path.canonicalize().is_ok_and(|real| seen.insert(real)) {
                continue;
            }
            match job::load(&path, variable) {
                Ok(job) => neighbourhood.jobs.push(job),
                Err(_) => neighbourhood.unread.push(path),
            }
        }
        neighbourhood
    }

    /// What the others say that concerns a job.
    pub fn of_job(&self, job: &Job) -> Neighbours {
        let is_other = |path: &Path| !is_same_file(path, &job.path);
        let others = || self.jobs.iter().filter(|other| is_other(&other.path));
        let mut owners = AppIdOwners::default();
        for other in others() {
            // What others share among themselves is told of them.
            let _ = owners.claim(other);
        }
        let folder = |path: &Path| path.parent().map(Path::to_owned);
        let beside = |path: &&PathBuf| folder(path) == folder(&job.path) && is_other(path);
        Neighbours {
            shared_app_id: owners.claim(job).err(),
            same_tenant: others()
                .filter(|other| other.tenant == job.tenant)
                .map(|other| other.path.clone())
                .collect(),
            unread: self.unread.iter().filter(beside).cloned().collect(),
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// The files beside a job file that `orgsnap serve` would take for job files; none if the folder cannot be read.
fn job_files_beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let listed = match folder.as_os_str().is_empty() {
        true => std::fs::read_dir("."),
        false => std::fs::read_dir(folder),
    };
    let entries = listed.into_iter().flatten().flatten();
    let paths = entries.map(|entry| folder.join(entry.file_name()));
    let is_job = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        !hidden && path.extension().is_some_and(|extension| extension == "toml") && path.is_file()
    };
    paths.filter(is_job).collect()
}
