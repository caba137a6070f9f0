//! `orgsnap wecom`: the companion for WeCom callbacks. One file a verb.

mod send_test;
mod urls;

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::surroundings::Surroundings;

/// WeCom callbacks: the URLs to paste, a test through proxy and firewall
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Urls(urls::Arguments),
    SendTest(send_test::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Urls(arguments) => urls::run(arguments, surroundings),
        Verb::SendTest(arguments) => send_test::run(arguments, surroundings),
    }
}
