//! `orgsnap lake`: published snapshots as Parquet files for engines over all tenants. One file a verb.

mod export;
mod place;
mod verify;

use clap::{Args, Subcommand};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// The lake: published snapshots as Parquet files, for Spark, DuckDB and others over all tenants
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(name = "export")]
    Export(export::Arguments),
    Verify(verify::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Export(arguments) => export::run(arguments, environment),
        Verb::Verify(arguments) => verify::run(arguments, environment),
    }
}
