//! `orgsnap init`: a commented job file to begin with.

mod from;
mod questions;
mod template;

use std::path::PathBuf;

use clap::Args;
use orgsnap::config::job;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

use template::{FORMAT, Kind, schema_lines, text};
pub(super) use template::{JOB_SCHEMA, failure, write};

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

/// Writes the file, unless there is one.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let path = &arguments.file;
    if let Some(folder) = &arguments.from {
        return from::run(folder, path, arguments.kind, arguments.yes, environment);
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
