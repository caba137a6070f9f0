//! `orgsnap wecom`: the companion for WeCom callbacks. One file a verb.

mod events;
mod queries;
mod rebuild;
mod reconcile;
mod send_test;
mod urls;

use clap::{Args, Subcommand};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// WeCom callbacks: the URLs to paste, a test through proxy and firewall, what came
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Events(events::Arguments),
    Queries(queries::Arguments),
    Rebuild(rebuild::Arguments),
    Reconcile(reconcile::Arguments),
    Urls(urls::Arguments),
    SendTest(send_test::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Events(arguments) => events::run(arguments, environment),
        Verb::Queries(arguments) => queries::run(arguments, environment),
        Verb::Rebuild(arguments) => rebuild::run(arguments, environment),
        Verb::Reconcile(arguments) => reconcile::run(arguments, environment),
        Verb::Urls(arguments) => urls::run(arguments, environment),
        Verb::SendTest(arguments) => send_test::run(arguments, environment),
    }
}
