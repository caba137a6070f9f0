//! `orgsnap init`: a commented job file to begin with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use orgsnap::config::job;
use orgsnap::model::{Message, system_reason};

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Write a commented job file to begin with
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file to write; its name is the tenant, where it can be one
    #[arg(value_name = "FILE", default_value = "job.toml")]
    file: PathBuf,
    /// Where the deliveries come from
    #[arg(long, value_name = "KIND", default_value = "ftps")]
    kind: Kind,
    /// Write the example with every setting instead
    #[arg(long, conflicts_with = "kind")]
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// FTP, not encrypted
    Ftp,
    /// FTP with explicit TLS
    Ftps,
    /// FTP with implicit TLS
    FtpsImplicit,
    /// SFTP
    Sftp,
    /// A folder of this machine
    Dir,
}

/// Name of the JSON Schema of job files.
pub(super) const JOB_SCHEMA: &str = "job.schema.json";

const HEAD: &str = include_str!("init/head.toml");
const TAIL: &str = include_str!("init/tail.toml");

impl Kind {
    fn source(self) -> &'static str {
        match self {
            Kind::Ftp => include_str!("init/ftp.toml"),
            Kind::Ftps => include_str!("init/ftps.toml"),
            Kind::FtpsImplicit => include_str!("init/ftps-implicit.toml"),
            Kind::Sftp => include_str!("init/sftp.toml"),
            Kind::Dir => include_str!("init/dir.toml"),
        }
    }
}

/// Writes the file, unless there is one.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let path = &arguments.file;
    let (tenant, fits) = tenant(path);
    let content = match arguments.full {
        true => job::example(),
        false => text(arguments.kind, tenant),
    };
    let content = format!("{}{content}", schema_lines(path));
    write(path, &content).map_err(|error| failure(path, &error))?;
    output::print(environment.language.of(&next_step(path, arguments.full, tenant, fits)))?;
    Ok(Exit::Done)
}

/// The lines that tell an editor where the JSON Schema of the file is: beside it, in a folder that `orgsnap schemas`
/// writes, so that an installed program needs no address.
fn schema_lines(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new("")).join("schemas");
    let folder = folder.display();
    format!(
        "#:schema ./schemas/{JOB_SCHEMA}\n\
         # 编辑器（taplo、Even Better TOML）据上一行补全和检查；先执行 orgsnap schemas {folder} 写出该文件。\n\
         # Editors (taplo, Even Better TOML) complete and check by the line above, once orgsnap schemas {folder}\n\
         # has written that file.\n\n"
    )
}

/// What was written, and what to do with it.
fn next_step(path: &Path, full: bool, tenant: &str, named_after_file: bool) -> Message {
    let path = path.display();
    if full {
        return Message::new(
            format!(
                "已写入 {path}\n注意  其中是每项设置的示例值：请把需要的设置复制到自己的任务文件；放在 orgsnap serve 的任务目录中会被运行\n"
            ),
            format!(
                "written to {path}\nnote  it holds an example of every setting: copy what you need to a job file of your own; \
                 in the folder of orgsnap serve it would be run\n"
            ),
        );
    }
    let (which_zh, which_en) = match named_after_file {
        true => (
            format!("租户编号取自文件名：{tenant}"),
            format!("the tenant is named after the file: {tenant}"),
        ),
        false => (
            format!("租户编号暂为 {tenant}，请改为这家公司的编号"),
            format!("the tenant is {tenant} for now; give it the number of this insurer"),
        ),
    };
    Message::new(
        format!(
            "已写入 {path}（{which_zh}）\n下一步  按文件中的说明填写，然后试运行（不发布）：\n  orgsnap import {path} --dry-run\n"
        ),
        format!(
            "written to {path} ({which_en})\nnext  fill it in as it says, then try it (nothing is published):\n  \
             orgsnap import {path} --dry-run\n"
        ),
    )
}

/// The tenant of a new job, and whether it is the name of the file.
fn tenant(path: &Path) -> (&str, bool) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let fits = (1..=64).contains(&stem.len())
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && stem != "job";
    if fits { (stem, true) } else { ("00010001", false) }
}

fn text(kind: Kind, tenant: &str) -> String {
    format!("{}\n{}\n{TAIL}", HEAD.replace("{tenant}", tenant), kind.source())
}

pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // An existing file may hold hours of work.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Why a new file could not be written.
pub(super) fn failure(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::usage(match error.kind() {
        io::ErrorKind::AlreadyExists => Message::new(
            format!("{path} 已存在，未作改动；请换一个文件名，或先将其移走"),
            format!(
                "{path} is there already and was left as it is; choose another name, or move it away"
            ),
        ),
        _ => {
            let Message { zh, en } = system_reason(error);
            Message::new(
                format!("无法写入 {path}：{zh}；请检查所在目录的权限"),
                format!("cannot write {path}: {en}; check the folder's permissions"),
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_writes_a_valid_job_of_the_kind_named_after_the_file() {
        for kind in Kind::value_variants() {
            for (file, tenant) in [
                ("jobs/pingan-01.toml", "pingan-01"),
                ("job.toml", "00010001"),
                ("某保险.toml", "00010001"),
            ] {
                let path = Path::new(file);
                let text = text(*kind, self::tenant(path).0);
                let job = job::parse(path, &text, &|_| None).expect(file);
                assert_eq!(job.tenant, tenant);
                assert!(job.source.is_some() && job.schedule.is_some());
                let plain = usize::from(*kind == Kind::Ftp);
                assert_eq!(job.warnings.len(), plain, "{:?}", job.warnings);
                // Whatever it offers to switch on is right, too.
                let on: String = text
                    .lines()
                    .map(|line| match line.strip_prefix("#: ") {
                        Some(setting) => format!("{setting}\n"),
                        None => format!("{line}\n"),
                    })
                    .collect();
                let job = job::parse(path, &on, &|_| None).expect(&on);
                assert_eq!(job.alerts.len(), 1, "{on}");
            }
        }
    }

    #[test]
    fn init_does_not_overwrite_an_existing_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs/new/x.toml");
        write(&path, "mine").unwrap();
        let error = write(&path, "other").unwrap_err();
        assert!(failure(&path, &error).message.en.contains("is there already"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
