//! The command line: one file a verb. Only here does orgsnap print, read the environment or the clock.

#![expect(
    clippy::disallowed_methods,
    reason = "the edge: clock and environment are read here and handed in"
)]

mod alerting;
mod check;
mod completions;
mod delivery_format;
mod exit;
mod failure;
mod fence;
mod import;
mod init;
mod logging;
mod output;
mod progress;
mod rules;
mod run_report;
mod runs;
mod sample;
mod serve;
mod surroundings;
mod tenant;
mod tree;
mod wecom;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use orgsnap::report::Language;

use exit::Exit;
use failure::Failure;
use surroundings::Surroundings;

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  2   usage or configuration, or a data folder that cannot be used
  3   delivery refused; for check: it would be refused, or has errors
  4   source unavailable or files not there yet (worth retrying)
  5   another run holds the lock
  70  internal fault";

/// Turns an insurer's four nightly hierarchy files into trusted, dated, queryable snapshots.
#[derive(Debug, Parser)]
#[command(name = "orgsnap", version, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
    /// Language of reports and messages [default: by the locale]
    #[arg(long, global = true, value_name = "zh|en")]
    lang: Option<Tongue>,
    /// The data folder
    #[arg(long, global = true, value_name = "DIR", env = "ORGSNAP_DATA", default_value = "data")]
    data: PathBuf,
    /// Log to standard error: -v info, -vv debug, -vvv trace
    #[arg(short, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// No colour, as with NO_COLOR
    #[arg(long, global = true)]
    no_color: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tongue {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Arguments),
    Import(import::Arguments),
    Check(check::Arguments),
    Sample(sample::Arguments),
    Serve(serve::Arguments),
    Runs(runs::Arguments),
    Tree(tree::Arguments),
    Rules(rules::Arguments),
    Wecom(wecom::Arguments),
    Completions(completions::Arguments),
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(told) => {
            // Help and version are errors to clap as well; a reader that went away has seen enough.
            let _ = told.print();
            return if told.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let language = line.lang.map(|tongue| match tongue {
        Tongue::Zh => Language::Chinese,
        Tongue::En => Language::English,
    });
    let surroundings = Surroundings::look(language, line.no_color, line.data);
    // What the night does is told without being asked for.
    let verbosity = match &line.verb {
        Verb::Serve(_) => line.verbose.max(1),
        _ => line.verbose,
    };
    logging::start(verbosity, surroundings.colour && surroundings.watched);

    fence::put_up();
    let outcome = fence::around(|| run_verb(&line.verb, &surroundings));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::complain(&surroundings, &failure);
            failure.exit.into()
        }
    }
}

fn run_verb(verb: &Verb, surroundings: &Surroundings) -> Result<Exit, Failure> {
    match verb {
        Verb::Init(arguments) => init::run(arguments, surroundings),
        Verb::Import(arguments) => Ok(import::run(arguments, surroundings)),
        Verb::Check(arguments) => check::run(arguments, surroundings),
        Verb::Sample(arguments) => sample::run(arguments, surroundings),
        Verb::Serve(arguments) => serve::run(arguments, surroundings),
        Verb::Runs(arguments) => runs::run(arguments, surroundings),
        Verb::Tree(arguments) => tree::run(arguments, surroundings),
        Verb::Rules(arguments) => rules::run(arguments, surroundings),
        Verb::Wecom(arguments) => wecom::run(arguments, surroundings),
        Verb::Completions(arguments) => completions::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }
}
