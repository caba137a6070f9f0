//! `orgsnap schemas`: the built-in schemas as files, to copy and change for an insurer.

use std::path::PathBuf;

use clap::Args;
use orgsnap::config::schema::BUILTIN_FILES;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{init, output};

/// Write the built-in schemas to a folder, to change them for an insurer
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write to; made if it is not there. No file is overwritten
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes the files.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    for (name, text) in BUILTIN_FILES {
        let path = arguments.dir.join(name);
        init::write(&path, text).map_err(|error| init::failure(&path, &error))?;
    }
    let dir = arguments.dir.display();
    output::print(&environment.language.choose(
        format!("已写入 {dir}\n下一步  按需修改，并在任务文件中写 schema = \"{dir}\"\n"),
        format!(
            "written to {dir}\nnext  change them, and write schema = \"{dir}\" into the job file\n"
        ),
    ))?;
    Ok(Exit::Done)
}
