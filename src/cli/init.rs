//! `orgsnap init`: a commented job file to begin with.

mod from;
mod from_source;
mod questions;
mod template;

use std::path::{Path, PathBuf};

use clap::Args;
use orgsnap::config::job;
use orgsnap::model::Message;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

use template::{FORMAT, Kind, schema_lines, tenant, text};
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
    /// Fetch a sample once from the [source] of this job file, keep it beside the new file, and go on as --from
    #[arg(long, value_name = "JOB", conflicts_with_all = ["full", "from", "kind"])]
    from_source: Option<PathBuf>,
    /// With --from and --from-source: ask nothing; what is not certain stands in the file as a comment
    #[arg(long, conflicts_with = "full")]
    yes: bool,
}

/// Writes the file, unless there is one.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let path = &arguments.file;
    if let Some(folder) = &arguments.from {
        return from::run(folder, path, arguments.kind.source(), arguments.yes, environment);
    }
    if let Some(account) = &arguments.from_source {
        return from_source::run(account, path, arguments.yes, environment);
    }
    let content = match arguments.full {
        true => job::example(),
        false => text(arguments.kind.source(), path, FORMAT),
    };
    let content = format!("{}{content}", schema_lines(path));
    write(path, &content).map_err(|error| failure(path, &error))?;
    output::print(environment.language.of(&next_step(path, arguments.full)))?;
    Ok(Exit::Done)
}

/// What was written, and what to do with it.
fn next_step(path: &Path, full: bool) -> Message {
    let (tenant, named_after_file) = tenant(path);
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
