//! `orgsnap completions`: a completion script for a shell, and the answers that the script asks orgsnap for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Args, Command};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use orgsnap::config::schema::Schema;
use orgsnap::model::{Language, Message};
use orgsnap::rules::CATALOGUE;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, tenant};

/// The variable by which a script asks for completions.
const VARIABLE: &str = "ORGSNAP_COMPLETE";

/// Print a completion script
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script, which calls the `orgsnap` of the search path.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let shell = arguments.shell.to_string();
    let mut script = Vec::new();
    let written = Shells::builtins().completer(&shell).map(|completer| {
        completer.write_registration(VARIABLE, "orgsnap", "orgsnap", "orgsnap", &mut script)
    });
    match written {
        Some(Ok(())) => {
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
        // Written to memory, for a shell that the arguments name.
        Some(Err(_)) | None => Err(Failure::internal(Message::new(
            format!("无法生成 {shell} 的补全脚本；请反馈给开发者"),
            format!("the completion script for {shell} could not be made; please report this"),
        ))),
    }
}

/// Answers the script of a shell, if it is what runs orgsnap. `command` is the command line in a language.
pub(super) fn answer(
    language: Language,
    command: impl Fn(Language) -> Command,
) -> Option<ExitCode> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let data = data_folder(&words);
    let environment = Environment::look(Some(language), true, data);
    let folder = std::env::current_dir().ok();
    let answered = CompleteEnv::with_factory(|| with_values(command(language), &environment))
        .var(VARIABLE)
        .try_complete(words, folder.as_deref());
    match answered {
        Ok(true) => Some(Exit::Done.into()),
        Ok(false) => None,
        // The shell shows nothing of it; a person who calls orgsnap so does see it.
        Err(error) => {
            _ = error.print();
            Some(Exit::Usage.into())
        }
    }
}

/// The data folder of the command line that is completed.
fn data_folder(words: &[OsString]) -> PathBuf {
    let named = words.iter().enumerate().find_map(|(at, word)| {
        let word = word.to_string_lossy();
        let after = || words.get(at + 1).map(PathBuf::from).filter(|_| word == "--data");
        word.strip_prefix("--data=").map(PathBuf::from).or_else(after)
    });
    let variable = || Environment::variable("ORGSNAP_DATA").map(PathBuf::from);
    named.or_else(variable).unwrap_or_else(|| PathBuf::from("data"))
}

/// The command line with the values of its arguments. All arguments are changed at once, because clap puts a single one
/// that is changed behind the others, and the order of positional ones counts.
fn with_values(command: Command, environment: &Environment) -> Command {
    let mut command = command.mut_args(|argument| match completer(&argument, environment) {
        Some(completer) => argument.add(completer),
        None => argument,
    });
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |inner| with_values(inner, environment));
    }
    command
}

/// What completes an argument, which is known by what it is called.
fn completer(argument: &Arg, environment: &Environment) -> Option<ArgValueCompleter> {
    let value = argument.get_value_names().and_then(|names| names.first());
    let language = environment.language;
    Some(match (value.map_or("", |value| value.as_str()), argument.get_id().as_str()) {
        ("JOB" | "JOB|DIR", _) => ArgValueCompleter::new(job_files()),
        ("TENANT|JOB", _) => {
            let environment = environment.clone();
            ArgValueCompleter::new(move |typed: &OsStr| {
                let mut values = starting_with(typed, tenants(&environment));
                values.extend(job_files().complete(typed));
                values
            })
        }
        ("CODE" | "RULE", _) => {
            ArgValueCompleter::new(move |typed: &OsStr| starting_with(typed, rules(language)))
        }
        (_, "forest") => {
            ArgValueCompleter::new(move |typed: &OsStr| starting_with(typed, forests(language)))
        }
        _ => return None,
    })
}

fn starting_with(typed: &OsStr, values: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fits =
        |value: &CompletionCandidate| value.get_value().to_string_lossy().starts_with(&*typed);
    values.into_iter().filter(fits).collect()
}

/// Files that end with `.toml`, and the folders on the way to them.
fn job_files() -> PathCompleter {
    let is_job = |path: &Path| path.extension().is_some_and(|extension| extension == "toml");
    PathCompleter::any().filter(is_job)
}

/// The tenants of the data folder; none if it cannot be read.
fn tenants(environment: &Environment) -> Vec<CompletionCandidate> {
    let folders = tenant::all_folders(environment).unwrap_or_default();
    let names = folders.iter().filter_map(|folder| folder.file_name());
    names.map(CompletionCandidate::new).collect()
}

/// Codes of rules, then their names.
fn rules(language: Language) -> Vec<CompletionCandidate> {
    let rule = |text: &'static str, summary: &Message| {
        CompletionCandidate::new(text).help(Some(language.of(summary).to_owned().into()))
    };
    let codes = CATALOGUE.iter().map(|r| rule(r.meta.code, &r.meta.summary));
    let names = CATALOGUE.iter().map(|r| rule(r.meta.name, &r.meta.summary));
    codes.chain(names).collect()
}

/// The forests of the built-in schema.
fn forests(language: Language) -> Vec<CompletionCandidate> {
    let forests = Schema::builtin().map(|schema| schema.forests).unwrap_or_default();
    let forest = |forest: &orgsnap::config::schema::ForestSchema| {
        let title = language.of(&forest.title).to_owned();
        CompletionCandidate::new(forest.name.clone()).help(Some(title.into()))
    };
    forests.iter().map(forest).collect()
}
