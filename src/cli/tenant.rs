//! Which insurer's database a verb reads.

use std::fs;
use std::path::{Path, PathBuf};

use orgsnap::config::job::Job;
use orgsnap::daemon::ledger;
use orgsnap::model::{Message, system_reason};
use orgsnap::pipeline;
use orgsnap::store::DATABASE;
use orgsnap::wecom;

use super::environment::Environment;
use super::failure::Failure;
use super::import::load;

/// The job, if one is named and not the id of a tenant.
///
/// # Errors
/// If it cannot be read.
pub(super) fn job(tenant_or_job: &str, environment: &Environment) -> Result<Option<Job>, Failure> {
    let path = Path::new(tenant_or_job);
    let is_job = path.extension().is_some_and(|extension| extension == "toml");
    is_job.then(|| load(path, environment)).transpose()
}

/// Where the job file of a tenant usually stands.
pub(super) fn usual_job(tenant: &str) -> PathBuf {
    Path::new("jobs").join(format!("{tenant}.toml"))
}

/// The folder of a tenant, given as its id or as its job file.
///
/// # Errors
/// If a job file is named and cannot be read, or a tenant that is not there and has no job file while others are. That the
/// folder of a job exists is for its reader to see.
pub(super) fn folder(tenant_or_job: &str, environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some(job) = job(tenant_or_job, environment)? {
        pipeline::require_file(&job)?;
        return Ok(environment.data.join(&job.tenant));
    }
    let tenant = tenant_or_job;
    let folder = environment.data.join(tenant);
    let usual = usual_job(tenant);
    if folder.exists() {
        // Its archive and reports are here though its snapshots are on a server.
        if !folder.join(DATABASE).exists()
            && let Ok(job) = load(&usual, environment)
        {
            pipeline::require_file(&job)?;
        }
        return Ok(folder);
    }
    if usual.is_file() {
        let job = load(&usual, environment)?;
        pipeline::require_file(&job)?;
        return Ok(environment.data.join(&job.tenant));
    }
    // Where there is no tenant at all, the reader says what to do first.
    let others = names(&environment.data);
    if others.is_empty() {
        return Ok(folder);
    }
    Err(Failure::usage(Message::new(
        format!("没有租户 {tenant}；数据目录中的租户：{}", others.join("、")),
        format!("there is no tenant {tenant}; those of the data folder are {}", others.join(", ")),
    )))
}

/// The tenants of the data folder, by name; none if it cannot be read.
fn names(data: &Path) -> Vec<String> {
    let files = [DATABASE, ledger::FILE_NAME, wecom::store::DATABASE, wecom::archive::DATABASE];
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| files.iter().any(|file| entry.path().join(file).is_file()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The database of a tenant, given as its id or as its job file.
///
/// # Errors
/// As [`folder`].
pub(super) fn database(tenant_or_job: &str, environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some(job) = job(tenant_or_job, environment)? {
        return database_of(&job, environment);
    }
    let own = environment.data.join(tenant_or_job).join(DATABASE);
    let usual = usual_job(tenant_or_job);
    if !own.exists() && usual.is_file() {
        return database_of(&load(&usual, environment)?, environment);
    }
    Ok(folder(tenant_or_job, environment)?.join(DATABASE))
}

/// The database of a job's tenant: its file, or a copy of what its server has.
///
/// # Errors
/// Any fault of the server, of its URL or of the copy.
pub(super) fn database_of(job: &Job, environment: &Environment) -> Result<PathBuf, Failure> {
    match &job.store {
        None => Ok(environment.data.join(&job.tenant).join(DATABASE)),
        Some(store) => Ok(pipeline::copy_of_server(job, store, &environment.data)?),
    }
}

/// The databases of all tenants in the data folder, by tenant.
///
/// # Errors
/// If the data folder cannot be read or holds none.
pub(super) fn all_databases(environment: &Environment) -> Result<Vec<PathBuf>, Failure> {
    let mut found = all_that_hold(&[DATABASE], environment)?;
    for folder in &mut found {
        folder.push(DATABASE);
    }
    Ok(found)
}

/// The folders of all tenants that have a database or a schedule, by tenant.
///
/// # Errors
/// If the data folder cannot be read or holds none.
pub(super) fn all_folders(environment: &Environment) -> Result<Vec<PathBuf>, Failure> {
    all_that_hold(&[DATABASE, ledger::FILE_NAME], environment)
}

/// The folders in the data folder that hold one of these files, by name.
fn all_that_hold(files: &[&str], environment: &Environment) -> Result<Vec<PathBuf>, Failure> {
    let data = &environment.data;
    let unreadable = |error: std::io::Error| {
        let Message { zh, en } = system_reason(&error);
        Failure::usage(Message::new(
            format!("无法读取数据目录 {}：{zh}；请用 --data 指定", data.display()),
            format!("cannot read the data folder {}: {en}; name it with --data", data.display()),
        ))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(data).map_err(unreadable)? {
        let folder = entry.map_err(unreadable)?.path();
        if files.iter().any(|file| folder.join(file).is_file()) {
            found.push(folder);
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(Message::new(
            format!("数据目录 {} 中还没有数据库；请先执行 orgsnap import", data.display()),
            format!(
                "the data folder {} holds no database yet; run orgsnap import first",
                data.display()
            ),
        )));
    }
    found.sort();
    Ok(found)
}

/// A tenant that a verb reads.
#[derive(Debug)]
pub(super) struct Tenant {
    /// Its id.
    pub name: String,
    /// Its database.
    pub database: PathBuf,
    /// Its job, if that is what was named.
    pub job: Option<Job>,
}

impl Tenant {
    /// The message with the tenant's id before it.
    pub(super) fn says(&self, message: &Message) -> Message {
        Message::new(
            format!("租户 {}：{}", self.name, message.zh),
            format!("tenant {}: {}", self.name, message.en),
        )
    }
}

/// The tenants that a verb reads, one after the other.
#[derive(Debug)]
pub(super) struct Tenants {
    /// In the order in which they were named.
    pub list: Vec<Tenant>,
    /// Whether rows tell their tenant: more than one may have been meant.
    pub named: bool,
}

/// What stands for all tenants of the data folder.
const ALL: &str = "all";

/// The tenants of these names; `all` are all of the data folder. Without a name it is the only one there.
///
/// # Errors
/// As [`database`], [`all_databases`] and [`only_database`].
pub(super) fn several(named: &[String], environment: &Environment) -> Result<Tenants, Failure> {
    let of = |database: PathBuf, job: Option<Job>| {
        let folder = database.parent().and_then(Path::file_name).unwrap_or_default();
        Tenant { name: folder.to_string_lossy().into_owned(), database, job }
    };
    let mut list: Vec<Tenant> = Vec::new();
    if named.is_empty() {
        list.push(of(only_database(None, environment)?, None));
    }
    for name in named {
        let found = match name.as_str() {
            ALL => all_databases(environment)?.into_iter().map(|path| of(path, None)).collect(),
            name => match job(name, environment)? {
                Some(job) => vec![of(database_of(&job, environment)?, Some(job))],
                None => vec![of(database(name, environment)?, None)],
            },
        };
        for tenant in found {
            if list.iter().all(|known| known.name != tenant.name) {
                list.push(tenant);
            }
        }
    }
    Ok(Tenants { named: named.len() > 1 || named.iter().any(|name| name == ALL), list })
}

/// The database of the tenant, which needs no name where there is only one.
///
/// # Errors
/// As [`database`] and [`all_databases`]; if there are several and none is named.
pub(super) fn only_database(
    tenant_or_job: Option<&str>,
    environment: &Environment,
) -> Result<PathBuf, Failure> {
    if let Some(named) = tenant_or_job {
        return database(named, environment);
    }
    match all_databases(environment)?.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<String> = several
                .iter()
                .filter_map(|path| Some(path.parent()?.file_name()?.to_string_lossy().into_owned()))
                .collect();
            Err(Failure::usage(Message::new(
                format!("数据目录中有多个租户，请用 --tenant 指定其一：{}", names.join("、")),
                format!("there are several tenants, name one with --tenant: {}", names.join(", ")),
            )))
        }
    }
}
