//! `orgsnap wecom nginx`: the lines of nginx for the jobs of a machine.

use std::path::{Path, PathBuf};

use clap::Args;
use orgsnap::config::job::{self, Job};
use orgsnap::daemon::job_files;
use orgsnap::model::{Message, system_reason};
use orgsnap::wecom::nginx::{Machine, NginxError, PublicAddress, server_blocks};

use crate::cli::argument::BadArgument;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::output;

/// Print the nginx configuration for jobs, one server a domain: callbacks, verification files, login, referer check, TLS
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job files, or their folder; those of one domain belong into one call
    #[arg(value_name = "JOB|DIR", required = true)]
    jobs: Vec<PathBuf>,
    /// Where orgsnap serve listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9300", value_parser = word)]
    upstream: String,
    /// The certificate with its chain
    #[arg(long, value_name = "FILE", default_value = "/etc/nginx/tls/fullchain.pem", value_parser = word)]
    certificate: String,
    /// Its private key
    #[arg(long, value_name = "FILE", default_value = "/etc/nginx/tls/privkey.pem", value_parser = word)]
    key: String,
    /// The folder of the application's pages
    #[arg(long, value_name = "DIR", default_value = "/srv/www", value_parser = word)]
    root: String,
    /// The access log, which leaves out queries
    #[arg(long, value_name = "FILE", default_value = "/var/log/nginx/orgsnap.log", value_parser = word)]
    log: String,
}

/// Prints the lines.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let Arguments { jobs, upstream, certificate, key, root, log } = arguments;
    let jobs = loaded(jobs, environment)?;
    refuse_one_tenant_twice(&jobs)?;
    for (address, job) in &jobs {
        warn_of_others(address, job, &jobs, environment);
    }
    let jobs: Vec<(PublicAddress, &Job)> =
        jobs.iter().map(|(address, job)| (address.clone(), job)).collect();
    output::print(&server_blocks(&jobs, &Machine { upstream, certificate, key, root, log }))?;
    Ok(Exit::Done)
}

/// The jobs with their addresses. Of a folder, those that have one.
fn loaded(
    paths: &[PathBuf],
    environment: &Environment,
) -> Result<Vec<(PublicAddress, Job)>, Failure> {
    let mut jobs = Vec::new();
    for path in paths {
        let is_folder = path.is_dir();
        for file in job_files(path).map_err(|error| unreadable(path, &error))? {
            let job = load(&file, environment)?;
            match PublicAddress::of(&job) {
                Ok(address) => jobs.push((address, job)),
                Err(NginxError::NoPublicUrl) if is_folder => {}
                Err(error) => {
                    let (file, Message { zh, en }) = (file.display(), error.message());
                    let said = Message::new(format!("{file}: {zh}"), format!("{file}: {en}"));
                    return Err(Failure::usage(said));
                }
            }
        }
        if is_folder && jobs.is_empty() {
            let (path, Message { zh, en }) = (path.display(), NginxError::NoPublicUrl.message());
            return Err(Failure::usage(Message::new(
                format!("{path} 中的任务文件：{zh}"),
                format!("the job files in {path}: {en}"),
            )));
        }
    }
    Ok(jobs)
}

fn refuse_one_tenant_twice(jobs: &[(PublicAddress, Job)]) -> Result<(), Failure> {
    for (at, (_, job)) in jobs.iter().enumerate() {
        if let Some((_, other)) = jobs.iter().take(at).find(|(_, other)| other.tenant == job.tenant)
        {
            let (tenant, first, second) = (&job.tenant, other.path.display(), job.path.display());
            return Err(Failure::usage(Message::new(
                format!("{first} 和 {second} 是同一租户 {tenant}；请只指定一个"),
                format!("{first} and {second} are both of tenant {tenant}; name one of them"),
            )));
        }
    }
    Ok(())
}

/// Two servers of one name are one too many for nginx, so that another call for the same domain is no way.
fn warn_of_others(
    address: &PublicAddress,
    job: &Job,
    named: &[(PublicAddress, Job)],
    environment: &Environment,
) {
    let folder = job.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let files = job_files(folder.unwrap_or(Path::new("."))).unwrap_or_default();
    // A file that cannot be read is for whoever uses it.
    let others = files.iter().filter_map(|file| job::load(file, &Environment::variable).ok());
    for other in others.filter(|other| PublicAddress::of(other).as_ref() == Ok(address)) {
        if named.iter().all(|(_, job)| job.tenant != other.tenant) {
            let (file, other) = (job.path.display(), other.path.display());
            output::warn(
                environment,
                &Message::new(
                    format!(
                        "{other} 与 {file} 的 public_url 相同：请在同一条命令中一并指定，nginx 中一个域名只能有一个 server"
                    ),
                    format!(
                        "{other} has the public_url of {file}: name both in one call, as nginx takes one server of a name"
                    ),
                ),
            );
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let (path, Message { zh, en }) = (path.display(), system_reason(error));
    Failure::usage(Message::new(
        format!("无法读取 {path}：{zh}"),
        format!("cannot read {path}: {en}"),
    ))
}

/// A word that stands in a line of nginx as it is.
fn word(text: &str) -> Result<String, BadArgument> {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'$;{}\\#@".contains(c);
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(BadArgument::new(
            "不能含有空格和 nginx 的特殊字符",
            "expected no spaces and no characters that mean something to nginx",
        )),
    }
}
