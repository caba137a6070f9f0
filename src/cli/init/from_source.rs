//! `orgsnap init --from-source`: a sample fetched once with the account of a job file, and a job proposed from it.

use std::fs;
use std::io;
use std::path::Path;

use orgsnap::model::{Cancel, Message};
use orgsnap::pipeline;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{import, progress};

use super::from;
use super::template::failure;

/// Fetches the delivery of today into a folder beside the new job file, and goes on as with `--from`.
pub(super) fn run(
    account: &Path,
    path: &Path,
    is_silent: bool,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = path.with_file_name(format!("{stem}-sample"));
    for new in [path, &folder] {
        if new.exists() {
            return Err(failure(new, &io::Error::from(io::ErrorKind::AlreadyExists)));
        }
    }
    let (here, there) = (folder_of(path), folder_of(account));
    if here != there {
        let (here, there) = (path.display(), account.display());
        return Err(Failure::usage(Message::new(
            format!("{here} 应与 {there} 在同一目录：[source] 中的相对路径以任务文件所在目录为准"),
            format!(
                "{here} must be in the folder of {there}: relative paths in [source] are relative to the job file"
            ),
        )));
    }
    let job = import::load(account, environment)?;
    let text = fs::read_to_string(account).map_err(|error| failure(account, &error))?;
    let shown = progress::shown(environment, "init");
    let cancel = Cancel::new();
    let fetched = pipeline::fetch_sample(&job, &folder, environment.now(), &cancel, shown.as_ref());
    drop(shown);
    fetched?;
    from::run(&folder, path, &source_table(&text), is_silent, environment)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The lines of `[source]` and of its sub-tables, comments included.
fn source_table(text: &str) -> String {
    let mut within = false;
    let mut table = String::new();
    for line in text.lines() {
        let name = line.trim_start();
        if name.starts_with('[') {
            within = name.starts_with("[source]") || name.starts_with("[source.");
        }
        if within {
            table.push_str(line);
            table.push('\n');
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_job_is_copied_with_its_sub_tables() {
        let text = "tenant = \"a\"\n[source]\nkind = \"ftps\"\n# why\n[source.tls]\nca = \"x\"\n[gate]\na = 1\n";
        assert_eq!(
            source_table(text),
            "[source]\nkind = \"ftps\"\n# why\n[source.tls]\nca = \"x\"\n"
        );
    }
}
