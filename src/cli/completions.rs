//! `orgsnap completions`: a completion script for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Print a completion script
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script for a command line.
pub(super) fn run(arguments: &Arguments, mut command: Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
