//! The text of a commented job file, and writing it without overwriting another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use clap::ValueEnum;
use orgsnap::model::{Message, system_reason};

use crate::cli::failure::Failure;

/// Where deliveries come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
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
pub(in crate::cli) const JOB_SCHEMA: &str = "job.schema.json";

const HEAD: &str = include_str!("head.toml");
/// What a job says of the files where no sample was looked at.
pub(super) const FORMAT: &str = include_str!("format.toml");
const TAIL: &str = include_str!("tail.toml");

impl Kind {
    pub(super) fn source(self) -> &'static str {
        match self {
            Kind::Ftp => include_str!("ftp.toml"),
            Kind::Ftps => include_str!("ftps.toml"),
            Kind::FtpsImplicit => include_str!("ftps-implicit.toml"),
            Kind::Sftp => include_str!("sftp.toml"),
            Kind::Dir => include_str!("dir.toml"),
        }
    }
}

/// The lines that tell an editor where the JSON Schema of the file is: beside it, in a folder that `orgsnap schemas`
/// writes, so that an installed program needs no address.
pub(super) fn schema_lines(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new("")).join("schemas");
    let folder = folder.display();
    format!(
        "#:schema ./schemas/{JOB_SCHEMA}\n\
         # 编辑器（taplo、Even Better TOML）据上一行补全和检查；先执行 orgsnap schemas {folder} 写出该文件。\n\
         # Editors (taplo, Even Better TOML) complete and check by the line above, once orgsnap schemas {folder}\n\
         # has written that file.\n\n"
    )
}

/// The tenant of a new job, and whether it is the name of the file.
pub(super) fn tenant(path: &Path) -> (&str, bool) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let fits = (1..=64).contains(&stem.len())
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && stem != "job";
    if fits { (stem, true) } else { ("00010001", false) }
}

/// The job; `source` is its table `[source]`, `format` what it says of the files.
pub(super) fn text(source: &str, path: &Path, format: &str) -> String {
    let (tenant, _) = tenant(path);
    let head = HEAD.replace("{tenant}", tenant);
    format!("{head}\n{source}\n{format}\n{TAIL}")
}

/// Writes a new file.
pub(in crate::cli) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        // A file in the way of a folder is there already, too, which says nothing of the file to be written.
        fs::create_dir_all(folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
            _ => error,
        })?;
    }
    // An existing file may hold hours of work.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Why a new file could not be written.
pub(in crate::cli) fn failure(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::usage(match error.kind() {
        io::ErrorKind::AlreadyExists => Message::new(
            format!("{path} 已存在，未作改动；请换一个文件名，或先将其移走"),
            format!(
                "{path} is there already and was left as it is; choose another name, or move it away"
            ),
        ),
        io::ErrorKind::NotADirectory => Message::new(
            format!("无法写入 {path}：路径中有一段是文件，不是目录；请换一个路径"),
            format!(
                "cannot write {path}: a part of its path is a file and no folder; choose another path"
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
    use orgsnap::config::job;

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
                let text = text(kind.source(), path, FORMAT);
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
        for below in [path.join("y.toml"), path.join("deeper/y.toml")] {
            let message = failure(&below, &write(&below, "other").unwrap_err()).message;
            assert!(message.en.contains("a part of its path is a file"), "{}", message.en);
            assert!(message.zh.contains("路径中有一段是文件"), "{}", message.zh);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
