//! The command line: one file a verb. Only here does orgsnap print, read the environment or the clock.

#![expect(
    clippy::disallowed_methods,
    reason = "the edge: clock and environment are read here and handed in"
)]

mod alerting;
mod answer;
mod approve;
mod archive_pull;
mod argument;
mod backup;
mod check;
mod check_files;
mod completions;
mod config;
mod confirmation;
mod counted_progress;
mod datasette_metadata;
mod delivery_format;
mod destination;
mod diff;
mod doctor;
mod exit;
mod explain;
mod failure;
mod export;
mod findings;
mod help;
mod panic_boundary;
mod import;
mod init;
mod logging;
mod member_check;
mod output;
mod progress;
mod replay;
mod retract;
mod rules;
mod run;
mod run_report;
mod runs;
mod sample;
mod schemas;
mod serve;
mod sql;
mod environment;
mod tenant;
mod tree;
mod usage;
mod wecom;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use orgsnap::report::Language;

use environment::Environment;
use exit::Exit;
use failure::Failure;

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  2   usage or configuration, access refused by the source, or a data folder that cannot be used
  3   delivery refused; for check: it would be refused, or has errors; for replay: something is missing or differs;
      for doctor: a step failed; for wecom reconcile: the list of members shrank, or the visible scope is narrower
  4   source unavailable for now, or files not there yet (worth retrying)
  5   another run holds the lock or the date, or has taken it over
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
    lang: Option<LanguageArgument>,
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
enum LanguageArgument {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Arguments),
    Doctor(doctor::Arguments),
    Import(import::Arguments),
    Check(check::Arguments),
    Config(config::Arguments),
    Sample(sample::Arguments),
    Serve(serve::Arguments),
    Run(run::Arguments),
    Runs(runs::Arguments),
    Approve(approve::Arguments),
    Retract(retract::Arguments),
    Backup(backup::Arguments),
    Replay(replay::Arguments),
    DatasetteMetadata(datasette_metadata::Arguments),
    Tree(tree::Arguments),
    Sql(sql::Arguments),
    Diff(diff::Arguments),
    Export(export::Arguments),
    Findings(findings::Arguments),
    Explain(explain::Arguments),
    Rules(rules::Arguments),
    Schemas(schemas::Arguments),
    Wecom(wecom::Arguments),
    Completions(completions::Arguments),
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let wanted = language_wanted();
    let in_language = |language| help::localized(CommandLine::command(), language);
    if let Some(answered) = completions::answer(wanted, in_language) {
        return answered;
    }
    let command = help::localized(CommandLine::command(), wanted);
    let parsed =
        command.try_get_matches().and_then(|matches| CommandLine::from_arg_matches(&matches));
    let line = match parsed {
        Ok(line) => line,
        Err(printed) => {
            // Help and version are errors to clap as well; a reader that went away has seen enough.
            match (printed.use_stderr(), wanted) {
                (true, Language::Chinese) => usage::complain(&printed),
                (false, Language::Chinese) => {
                    _ = output::print(&help::in_chinese_words(&printed.render().to_string()));
                }
                (_, Language::English) => _ = printed.print(),
            }
            return if printed.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let language = line.lang.map(|tongue| match tongue {
        LanguageArgument::Zh => Language::Chinese,
        LanguageArgument::En => Language::English,
    });
    let environment = Environment::look(language, line.no_color, line.data);
    // These log their runs without being asked to.
    let verbosity = match &line.verb {
        Verb::Serve(_) | Verb::Run(_) => line.verbose.max(1),
        _ => line.verbose,
    };
    logging::start(verbosity, environment.colour && environment.watched);

    panic_boundary::install_panic_hook();
    let outcome = panic_boundary::around(|| run_verb(&line.verb, &environment));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::complain(&environment, &failure);
            failure.exit.into()
        }
    }
}

/// The language of a command line that cannot be read otherwise.
fn language_wanted() -> Language {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let after = |at: usize| arguments.get(at + 1).map(String::as_str);
    let asked = arguments.iter().enumerate().find_map(|(at, argument)| {
        argument.strip_prefix("--lang=").or_else(|| after(at).filter(|_| argument == "--lang"))
    });
    let asked = match asked {
        Some("zh") => Some(Language::Chinese),
        Some("en") => Some(Language::English),
        _ => None,
    };
    Environment::look(asked, true, PathBuf::new()).language
}

fn run_verb(verb: &Verb, environment: &Environment) -> Result<Exit, Failure> {
    match verb {
        Verb::Init(arguments) => init::run(arguments, environment),
        Verb::Doctor(arguments) => doctor::run(arguments, environment),
        Verb::Import(arguments) => Ok(import::run(arguments, environment)),
        Verb::Check(arguments) => check::run(arguments, environment),
        Verb::Config(arguments) => config::run(arguments, environment),
        Verb::Sample(arguments) => sample::run(arguments, environment),
        Verb::Serve(arguments) => serve::run(arguments, environment),
        Verb::Run(arguments) => run::run(arguments, environment),
        Verb::Runs(arguments) => runs::run(arguments, environment),
        Verb::Approve(arguments) => approve::run(arguments, environment),
        Verb::Retract(arguments) => retract::run(arguments, environment),
        Verb::Backup(arguments) => backup::run(arguments, environment),
        Verb::Replay(arguments) => replay::run(arguments, environment),
        Verb::DatasetteMetadata(arguments) => datasette_metadata::run(arguments, environment),
        Verb::Tree(arguments) => tree::run(arguments, environment),
        Verb::Sql(arguments) => sql::run(arguments, environment),
        Verb::Diff(arguments) => diff::run(arguments, environment),
        Verb::Export(arguments) => export::run(arguments, environment),
        Verb::Findings(arguments) => findings::run(arguments, environment),
        Verb::Explain(arguments) => explain::run(arguments, environment),
        Verb::Rules(arguments) => rules::run(arguments, environment),
        Verb::Schemas(arguments) => schemas::run(arguments, environment),
        Verb::Wecom(arguments) => wecom::run(arguments, environment),
        Verb::Completions(arguments) => completions::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_verb_and_argument_has_help_in_chinese_and_examples() {
        let missing = help::lacking(&CommandLine::command());
        assert!(missing.is_empty(), "{missing:?}");
        help::localized(CommandLine::command(), Language::Chinese).debug_assert();
        help::localized(CommandLine::command(), Language::English).debug_assert();
    }
}
