//! `orgsnap init`: a commented job file to begin with.

mod from;
mod questions;

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
    /// Look at the sample delivery in this folder and write the settings that it needs; then check it with them
    #[arg(long, value_name = "DIR", conflicts_with = "full")]
    from: Option<PathBuf>,
    /// With --from: ask nothing; what is not certain stands in the file as a comment
    #[arg(long, requires = "from")]
    yes: bool,
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
const FORMAT: &str = include_str!("init/format.toml");
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
    if let Some(folder) = &arguments.from {
        return from::run(folder, arguments, environment);
    }
    let content = match arguments.full {
        true => job::example(),
        false => text(arguments.kind, path, FORMAT),
    };
    let content = format!("{}{content}", schema_lines(path));
    write(path, &content).map_err(|error| failure(path, &error))?;
    let path = path.display();
    let said = environment.language.choose(
        format!(
            "已写入 {path}\n下一步  按文件中的说明填写，然后试运行（不发布）：\n  orgsnap import {path} --dry-run\n"
        ),
        format!(
            "written to {path}\nnext  fill it in as it says, then try it (nothing is published):\n  \
             orgsnap import {path} --dry-run\n"
        ),
    );
    output::print(&said)?;
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

/// The job; `format` is what it says of the files.
fn text(kind: Kind, path: &Path, format: &str) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let fits = (1..=64).contains(&stem.len())
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && stem != "job";
    let tenant = if fits { stem } else { "00010001" };
    let head = HEAD.replace("{tenant}", tenant);
    format!("{head}\n{}\n{format}\n{TAIL}", kind.source())
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
                let text = text(*kind, path, FORMAT);
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
