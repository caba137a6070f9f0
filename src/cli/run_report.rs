//! The report of a run on standard output, for `import` and `check`.

use std::path::Path;

use clap::Args;
use orgsnap::model::{RuleMeta, RunReport};
use orgsnap::report::json;
use orgsnap::report::terminal::{self, Options};
use orgsnap::report::view::View;
use orgsnap::rules::CATALOGUE;

use super::argument::BadArgument;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// How the report is shown.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print the report as JSON (report.json)
    #[arg(long)]
    pub json: bool,
    /// Findings shown of each rule, and with --against vanished records of each file
    #[arg(long, value_name = "N|all", default_value_t = Options::PER_RULE.to_string(), value_parser = findings)]
    findings: String,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments { json: false, findings: Options::PER_RULE.to_string() }
    }
}

/// A number, or `all`.
fn findings(text: &str) -> Result<String, BadArgument> {
    match text == "all" || text.parse::<usize>().is_ok() {
        true => Ok(text.to_owned()),
        false => Err(BadArgument::new("应为数字或 all", "expected a number, or all")),
    }
}

impl Arguments {
    /// The report as text for a width.
    pub(super) fn text(
        &self,
        report: &RunReport,
        exit: Exit,
        (width, colour): (usize, bool),
        environment: &Environment,
    ) -> String {
        let options = Options {
            width,
            colour,
            language: environment.language,
            per_rule: self.findings.parse().unwrap_or(usize::MAX),
            exit_code: exit.code(),
        };
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        terminal::render(&View::new(report, &metas), &options)
    }
}

/// Prints the report, without its last line. `several` documents go one a line, so that a program can tell them apart.
///
/// # Errors
/// If standard output cannot be written to.
pub(super) fn show(
    report: &RunReport,
    exit: Exit,
    arguments: &Arguments,
    several: bool,
    environment: &Environment,
) -> Result<(), Failure> {
    if arguments.json {
        let text = if several { json::compact(report)? } else { json::pretty(report)? };
        return output::print(&text);
    }
    let shape = (environment.width, environment.colour);
    output::print(&arguments.text(report, exit, shape, environment))
}

/// The last line of a run where no person watches: one that a script can look for.
#[derive(Debug)]
pub(super) struct ResultLine {
    verdict: &'static str,
    /// What follows the exit code.
    rest: String,
    is_failure: bool,
}

/// What a run that came to no report was about, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Subject<'a> {
    pub tenant: Option<&'a str>,
    pub job: Option<&'a Path>,
}

impl ResultLine {
    /// The line of a report.
    pub(super) fn of(report: &RunReport) -> ResultLine {
        let mut rest = format!(" run={}", report.run);
        if let Some(database) = &report.database {
            // Last, because a path may hold spaces.
            rest.push_str(&format!(" database={}", database.display()));
        }
        ResultLine { verdict: report.verdict.name(), rest, is_failure: false }
    }

    /// The line of a run that came to no report.
    pub(super) fn of_failure(subject: &Subject<'_>) -> ResultLine {
        let mut rest = String::new();
        if let Some(tenant) = subject.tenant {
            rest.push_str(&format!(" tenant={tenant}"));
        }
        if let Some(job) = subject.job {
            rest.push_str(&format!(" job={}", job.display()));
        }
        ResultLine { verdict: "failed", rest, is_failure: true }
    }

    /// Prints the line, unless a person or a reader of JSON has no use for it.
    ///
    /// # Errors
    /// If standard output cannot be written to; not after a failure, which is told already.
    pub(super) fn print(
        &self,
        environment: &Environment,
        json: bool,
        exit: Exit,
    ) -> Result<(), Failure> {
        if environment.on_terminal || json {
            return Ok(());
        }
        let ResultLine { verdict, rest, .. } = self;
        match output::print(&format!("RESULT {verdict} exit={}{rest}\n", exit.code())) {
            Err(_) if self.is_failure => Ok(()),
            printed => printed,
        }
    }
}

/// The last line of a run that came to no report.
pub(super) fn fault_line(environment: &Environment, json: bool, exit: Exit, subject: &Subject<'_>) {
    let _ = ResultLine::of_failure(subject).print(environment, json, exit);
}
