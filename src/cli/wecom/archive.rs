//! `orgsnap wecom archive`: the session archive. One file a verb.

pub(crate) mod pull;

use clap::{Args, Subcommand};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// The session archive: pull it into session.db
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Pull(pull::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Pull(arguments) => pull::run(arguments, environment),
    }
}
