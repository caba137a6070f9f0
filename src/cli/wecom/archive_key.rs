//! `orgsnap wecom archive-key`: the pairs of keys of the session archive. One file a verb.

mod list;
mod new;

use clap::{Args, Subcommand};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// The pairs of keys of the session archive: make one, list them
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::Arguments),
    List(list::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::New(arguments) => new::run(arguments, environment),
        Verb::List(arguments) => list::run(arguments, environment),
    }
}
