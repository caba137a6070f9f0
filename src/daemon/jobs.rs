//! The folder of job files: what is new in it, and the last good version of each.
//!
//! A change is loaded when two polls find the same text, because an editor may be half way through writing
//! it. The folder is read anew at each look: a hundred small files cost less than to be wrong about a change.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

#[cfg(feature = "postgres")]
use crate::config::job::StoreSettings;
use crate::config::job::{self, AppIdOwners, Job};
use crate::model::{Message, system_reason};
use crate::rules::Levels;

/// Looks an environment variable up.
pub type Env = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The job files of a folder.
#[derive(Debug)]
pub(super) struct JobFolder {
    place: PathBuf,
    stores: Stores,
    /// Hash of what each path held at the last look.
    found: BTreeMap<PathBuf, u64>,
    /// Hash of what was loaded of each path.
    settled: BTreeMap<PathBuf, u64>,
    /// The last good version of each file.
    good: BTreeMap<PathBuf, Arc<Job>>,
    /// What is wrong with a file as it reads now.
    wrong: BTreeMap<PathBuf, Message>,
    /// The file of each tenant.
    owners: BTreeMap<String, PathBuf>,
    /// What was last reported of each file.
    reports: BTreeMap<PathBuf, Message>,
    looked: bool,
    unreadable: bool,
}

/// Where the jobs of a folder have their snapshots.
#[derive(Debug, Clone)]
pub(super) enum Stores {
    /// In files of this machine.
    Files,
    /// On a server that many machines share: that of the job, or one whose URL was given for all.
    #[cfg(feature = "postgres")]
    Server(Option<String>),
}

/// What is new in the folder.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A job is new, or reads otherwise than before.
    Loaded(Arc<Job>),
    /// The tenant has no job file any more.
    Gone {
        /// The tenant.
        tenant: String,
    },
    /// A file cannot be used as it reads now.
    Broken {
        /// The job that is in use instead, its last good version.
        kept: Option<Arc<Job>>,
        /// What is wrong, in which file.
        message: Message,
    },
    /// A file that was broken can be used again.
    Repaired(Arc<Job>),
    /// The folder cannot be read; all jobs stay as they were.
    Unreadable(Message),
}

impl JobFolder {
    /// The folder `place`, or the one file that it is. Nothing is read yet.
    pub(super) fn new(place: PathBuf, stores: Stores) -> JobFolder {
        JobFolder {
            place,
            stores,
            found: BTreeMap::new(),
            settled: BTreeMap::new(),
            good: BTreeMap::new(),
            wrong: BTreeMap::new(),
            owners: BTreeMap::new(),
            reports: BTreeMap::new(),
            looked: false,
            unreadable: false,
        }
    }

    /// Looks for changes. `env` looks up the variables that hold secrets.
    pub(super) fn look(&mut self, env: &Env) -> Vec<Change> {
        let contents = match job_files(&self.place) {
            Ok(paths) => paths.into_iter().filter_map(|path| Some((path.clone(), read(&path)?))),
            Err(error) => return self.cannot_be_read(&error),
        };
        self.unreadable = false;
        let first = !std::mem::replace(&mut self.looked, true);
        let before = std::mem::take(&mut self.found);
        let old_jobs = self.by_tenant();
        let mut changed = false;
        for (path, content) in contents {
            let hash = content.as_ref().map_or_else(|m| xxh3_64(m.en.as_bytes()), hash_of);
            self.found.insert(path.clone(), hash);
            if (first || before.get(&path) == Some(&hash)) && self.settled.get(&path) != Some(&hash)
            {
                self.settled.insert(path.clone(), hash);
                self.take(&path, content, env);
                changed = true;
            }
        }
        let gone: Vec<PathBuf> = self.settled.keys().chain(self.wrong.keys()).cloned().collect();
        for path in gone {
            if !self.found.contains_key(&path) && !before.contains_key(&path) {
                self.settled.remove(&path);
                self.good.remove(&path);
                self.wrong.remove(&path);
                changed = true;
            }
        }
        if changed { self.compare(&old_jobs) } else { Vec::new() }
    }

    /// The jobs in use, by tenant.
    pub(super) fn by_tenant(&self) -> BTreeMap<String, Arc<Job>> {
        let job = |(tenant, path): (&String, &PathBuf)| {
            Some((tenant.clone(), Arc::clone(self.good.get(path)?)))
        };
        self.owners.iter().filter_map(job).collect()
    }

    /// What is wrong with the tenant's file, if its last good version is in use.
    pub(super) fn problem(&self, tenant: &str) -> Option<&Message> {
        self.wrong.get(self.owners.get(tenant)?)
    }

    fn cannot_be_read(&mut self, error: &io::Error) -> Vec<Change> {
        if std::mem::replace(&mut self.unreadable, true) {
            return Vec::new();
        }
        let (place, Message { zh, en }) = (self.place.display(), system_reason(error));
        vec![Change::Unreadable(Message::new(
            format!("无法读取任务目录 {place}：{zh}；请检查路径和权限，在此之前沿用已读取的任务"),
            format!(
                "cannot read the folder of job files {place}: {en}; check its path and permissions; \
                 until then the jobs stay as they were"
            ),
        ))]
    }

    fn take(&mut self, path: &Path, content: Result<String, Message>, env: &Env) {
        let job = content.and_then(|text| {
            #[cfg_attr(not(feature = "postgres"), expect(unused_mut, reason = "a URL is set"))]
            let mut job = job::parse(path, &text, &|name| env(name)).map_err(|e| e.message())?;
            match &self.stores {
                Stores::Files if job.store.is_some() => return Err(on_server(path)),
                Stores::Files => {}
                #[cfg(feature = "postgres")]
                Stores::Server(Some(url)) => {
                    job.store = Some(StoreSettings::of_url(url.clone(), path));
                }
                #[cfg(feature = "postgres")]
                Stores::Server(None) if job.store.is_none() => return Err(not_on_server(path)),
                #[cfg(feature = "postgres")]
                Stores::Server(None) => {}
            }
            Levels::of(&job).map_err(|error| error.message())?;
            Ok(Arc::new(job))
        });
        let shared = job.as_ref().ok().and_then(|job| self.shared_app_id(path, job));
        let job = match shared {
            None => job,
            // It can be used as it is once the other file has changed, so it is looked at again.
            Some(shared) => {
                self.settled.remove(path);
                Err(shared)
            }
        };
        match job {
            Ok(job) => {
                self.wrong.remove(path);
                self.good.insert(path.to_path_buf(), job);
            }
            Err(message) => {
                self.wrong.insert(path.to_path_buf(), message);
            }
        }
    }

    /// An AppID of the job that the file of another tenant has.
    fn shared_app_id(&self, path: &Path, job: &Job) -> Option<Message> {
        let mut owners = AppIdOwners::default();
        for (_, other) in self.good.iter().filter(|(other, _)| *other != path) {
            // These do not share any: each was compared with those before it.
            let _ = owners.claim(other);
        }
        owners.claim(job).err()
    }

    /// Settles whose file a tenant's is, and what is new since `old_jobs`.
    fn compare(&mut self, old_jobs: &BTreeMap<String, Arc<Job>>) -> Vec<Change> {
        // Who has the tenant keeps it; of new ones the first by name gets it.
        let good = &self.good;
        self.owners.retain(|tenant, path| good.get(path).is_some_and(|job| job.tenant == *tenant));
        let mut problems = self.wrong.clone();
        for (path, job) in &self.good {
            let owner = self.owners.entry(job.tenant.clone()).or_insert_with(|| path.clone());
            if owner != path && !problems.contains_key(path) {
                problems.insert(path.clone(), taken_already(path, &job.tenant, owner));
            }
        }
        let jobs = self.by_tenant();
        let mut changes = Vec::new();
        for tenant in old_jobs.keys().filter(|tenant| !jobs.contains_key(*tenant)) {
            changes.push(Change::Gone { tenant: tenant.clone() });
        }
        for (tenant, job) in &jobs {
            if !old_jobs.get(tenant).is_some_and(|old| Arc::ptr_eq(old, job)) {
                changes.push(Change::Loaded(Arc::clone(job)));
            }
        }
        for (path, message) in &problems {
            if self.reports.get(path) != Some(message) {
                let kept =
                    self.good.get(path).filter(|job| self.owners.get(&job.tenant) == Some(path));
                changes.push(Change::Broken { kept: kept.cloned(), message: message.clone() });
            }
        }
        for path in self.reports.keys().filter(|path| !problems.contains_key(*path)) {
            if let Some(job) = self.good.get(path) {
                changes.push(Change::Repaired(Arc::clone(job)));
            }
        }
        self.reports = problems;
        changes
    }
}

fn hash_of(text: &String) -> u64 {
    xxh3_64(text.as_bytes())
}

/// The job files of a folder: what ends in `.toml` and is not hidden, by name; or the one file.
///
/// # Errors
/// If the folder cannot be read.
pub fn job_files(place: &Path) -> io::Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_path_buf()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What a path holds; none if it has gone meanwhile.
fn read(path: &Path) -> Option<Result<String, Message>> {
    let place = path.display();
    Some(Err(match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => return Some(Ok(text)),
        Ok(Err(_)) => Message::new(
            format!("{place}: 任务文件不是 UTF-8 编码；请以 UTF-8 编码保存"),
            format!("{place}: the job file is not UTF-8; save it as UTF-8"),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let Message { zh, en } = system_reason(&error);
            Message::new(
                format!("{place}: 无法读取任务文件：{zh}；请检查权限"),
                format!("{place}: the job file cannot be read: {en}; check its permissions"),
            )
        }
    }))
}

fn on_server(path: &Path) -> Message {
    let path = path.display();
    Message::new(
        format!(
            "{path}: orgsnap serve 尚不支持 [store]（快照存入数据库服务器）；请由 cron 或 systemd 定时执行 orgsnap run --claim 2 --jobs 任务目录"
        ),
        format!(
            "{path}: orgsnap serve does not know [store] (snapshots on a database server) yet; let cron or a systemd \
             timer run orgsnap run --claim 2 --jobs FOLDER"
        ),
    )
}

#[cfg(feature = "postgres")]
fn not_on_server(path: &Path) -> Message {
    let path = path.display();
    Message::new(
        format!(
            "{path}: 快照存放在本机文件中，多台机器无法共同运行；请在任务文件中添加 [store]，或用 --store 指定数据库服务器"
        ),
        format!(
            "{path}: the snapshots are in a file of this machine, which several machines cannot share: write [store] into the \
             job, or name a database server with --store"
        ),
    )
}

fn taken_already(path: &Path, tenant: &str, owner: &Path) -> Message {
    let (path, owner) = (path.display(), owner.display());
    Message::new(
        format!(
            "{path}: 租户 {tenant} 已由 {owner} 定义，已忽略本文件；一个租户只能有一个任务文件"
        ),
        format!(
            "{path}: the tenant {tenant} is already that of {owner}, so this file is left out; a tenant has \
             one job file"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a poll reports, in short.
    fn look(folder: &mut JobFolder) -> Vec<String> {
        let mut reports: Vec<String> = folder
            .look(&|_| None)
            .into_iter()
            .map(|change| match change {
                Change::Loaded(job) => {
                    format!("taken {} {}", job.tenant, job.name.as_deref().unwrap_or("-"))
                }
                Change::Gone { tenant } => format!("gone {tenant}"),
                Change::Broken { kept, message } => {
                    let file = message.en.split(':').next().unwrap_or_default();
                    let file = Path::new(file).file_name().unwrap().to_str().unwrap().to_owned();
                    format!(
                        "broken {file} kept {}",
                        kept.map_or("-".into(), |job| job.tenant.clone())
                    )
                }
                Change::Repaired(job) => format!("repaired {}", job.tenant),
                Change::Unreadable(_) => "unreadable".to_owned(),
            })
            .collect();
        reports.sort();
        reports
    }

    #[test]
    fn changed_job_files_are_loaded_and_the_last_valid_version_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        let remove = |name: &str| fs::remove_file(dir.path().join(name)).unwrap();
        let mut folder = JobFolder::new(dir.path().to_path_buf(), Stores::Files);
        let nothing: [&str; 0] = [];
        write("a.toml", "tenant = 'a'");
        write("b.toml", "tenant = ");
        write(".hidden.toml", "tenant = 'h'");
        write("notes.txt", "tenant = 'n'");
        assert_eq!(look(&mut folder), ["broken b.toml kept -", "taken a -"]);
        assert_eq!(look(&mut folder), nothing);
        // Loaded when it is unchanged at the next poll.
        write("a.toml", "tenant = 'a'\nname = '1'");
        write("b.toml", "tenant = 'b'");
        assert_eq!(look(&mut folder), nothing);
        assert_eq!(look(&mut folder), ["repaired b", "taken a 1", "taken b -"]);
        // A half-written file is not reported.
        write("a.toml", "tenant = 'a");
        assert_eq!(look(&mut folder), nothing);
        write("a.toml", "tenant = 'a'\nname = '2'");
        assert_eq!(look(&mut folder), nothing);
        assert_eq!(look(&mut folder), ["taken a 2"]);
        // Broken for good: reported once, kept as it was.
        write("a.toml", "tenant = 'a'\nnam = '3'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["broken a.toml kept a"]);
        assert_eq!(look(&mut folder), nothing);
        assert_eq!(folder.by_tenant()["a"].name.as_deref(), Some("2"));
        assert!(folder.problem("a").unwrap().en.contains("a.toml:2"));
        write("a.toml", "tenant = 'a'\n[rules]\nnonsense = 'off'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["broken a.toml kept a"]);
        write("a.toml", "tenant = 'a'\nname = '2'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["repaired a", "taken a 2"]);
        assert_eq!(folder.problem("a"), None);
        // Two files of one tenant: the first keeps it, then the other has it.
        write("0.toml", "tenant = 'a'\nname = 'other'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["broken 0.toml kept -"]);
        remove("a.toml");
        assert_eq!(look(&mut folder), nothing);
        assert_eq!(look(&mut folder), ["repaired a", "taken a other"]);
        // Two tenants with one AppID: the second is refused until the first gives it up, and in use as it was before.
        let account =
            "\n[[official_account]]\nappid = 'wx0123456789abcdef'\nsecret = { env = 'S' }";
        write("c.toml", &format!("tenant = 'c'{account}"));
        write("d.toml", "tenant = 'd'\nname = 'before'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["taken c -", "taken d before"]);
        write("d.toml", &format!("tenant = 'd'{account}"));
        look(&mut folder);
        assert_eq!(look(&mut folder), ["broken d.toml kept d"]);
        assert_eq!(look(&mut folder), nothing);
        assert!(folder.problem("d").unwrap().en.contains("d.toml:2"));
        assert_eq!(folder.by_tenant()["d"].name.as_deref(), Some("before"));
        write("c.toml", "tenant = 'c'\nname = 'without'");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["repaired d", "taken c without", "taken d -"]);
        write("c.toml", &format!("tenant = 'c'{account}"));
        look(&mut folder);
        assert_eq!(look(&mut folder), ["broken c.toml kept c"]);
        remove("c.toml");
        remove("d.toml");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["gone c", "gone d"]);
        // A file that changes its tenant, one that goes, a folder that goes.
        write("0.toml", "tenant = 'z'");
        remove("b.toml");
        look(&mut folder);
        assert_eq!(look(&mut folder), ["gone a", "gone b", "taken z -"]);
        fs::rename(dir.path(), dir.path().with_extension("away")).unwrap();
        assert_eq!(look(&mut folder), ["unreadable"]);
        assert_eq!(look(&mut folder), nothing);
        assert_eq!(folder.by_tenant().len(), 1);
        fs::rename(dir.path().with_extension("away"), dir.path()).unwrap();
        assert_eq!(look(&mut folder), nothing);
    }
}
