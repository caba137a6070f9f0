//! `orgsnap check`: the checks alone, on files in a folder; no database.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;
use orgsnap::disk::{PRIVATE_FILE, replace_file};
use orgsnap::model::{Level, Message, RuleMeta, RunReport, Verdict};
use orgsnap::pipeline::{self, CheckRequest};
use orgsnap::report::csv;
use orgsnap::report::html::{self, Options};
use orgsnap::report::mask::Names;
use orgsnap::rules::CATALOGUE;

use super::delivery_format::FormatArguments;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::run_report::{ResultLine, Subject};
use super::{argument, check_files, output, progress, run_report};

/// Check a delivery in a folder, without a database
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder with the four files
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Take format, rule levels and limits from this job file
    #[arg(long, value_name = "JOB")]
    job: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
    /// Compare with a former delivery: the folder with its four files
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Business date [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    date: Option<NaiveDate>,
    #[command(flatten)]
    report: run_report::Arguments,
    /// Also write the report as text to this file, with all findings shown that --findings asks for
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write all findings as a table for a spreadsheet to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write the workbook for the provider to this file (xlsx), with the lines to be corrected as delivered
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// Also write the report as a page for a browser to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Warnings count as errors for the exit code
    #[arg(long)]
    strict: bool,
    /// Report findings of these rules only (code or name; several separated by commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave findings of these rules out (code or name; several separated by commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',', conflicts_with = "only")]
    ignore: Vec<String>,
}

impl Arguments {
    /// A check of a folder with a job, and nothing else asked for.
    pub(super) fn of(dir: &Path, job: &Path, date: Option<NaiveDate>) -> Arguments {
        Arguments {
            dir: dir.to_owned(),
            job: Some(job.to_owned()),
            format: FormatArguments::default(),
            against: None,
            date,
            report: run_report::Arguments::default(),
            output: None,
            csv: None,
            xlsx: None,
            html: None,
            strict: false,
            only: Vec::new(),
            ignore: Vec::new(),
        }
    }

    /// Whether findings of a rule are reported.
    fn selection(&self) -> Result<impl Fn(&str) -> bool + use<>, Failure> {
        let codes = |rules: &[String]| -> Result<Vec<&'static str>, Failure> {
            rules.iter().map(|rule| super::rules::known(rule).map(|rule| rule.meta.code)).collect()
        };
        let (only, ignore) = (codes(&self.only)?, codes(&self.ignore)?);
        Ok(move |code: &str| (only.is_empty() || only.contains(&code)) && !ignore.contains(&code))
    }
}

/// Runs the checks.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let outcome = check(arguments, environment);
    if let Err(failure) = &outcome {
        let subject = Subject { tenant: None, job: arguments.job.as_deref() };
        run_report::fault_line(environment, arguments.report.json, failure.exit, &subject);
    }
    outcome
}

fn check(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    argument::delivery_folder("check", &arguments.dir)?;
    if let Some(former) = &arguments.against {
        argument::delivery_folder("--against", former)?;
    }
    let selected = arguments.selection()?;
    let mut job = arguments.job.as_deref().map(|path| load(path, environment)).transpose()?;
    let pinned = job.as_ref().map(|job| job.format.clone()).unwrap_or_default();
    let format = arguments.format.over(&pinned);
    if let Some(job) = &mut job {
        // The arguments win, `auto` included, which undoes what the job pins.
        job.format = format.clone();
    }
    let request = CheckRequest {
        dir: &arguments.dir,
        format: &format,
        job: job.as_ref(),
        date: arguments.date,
        against: arguments.against.as_deref(),
        now: environment.now(),
    };
    let who = job.as_ref().map_or("check", |job| job.tenant.as_str());
    let shown = progress::shown(environment, who);
    let files = check_files::CheckFiles {
        xlsx: arguments.xlsx.as_deref(),
        selected: &selected,
        mask_names: job.as_ref().is_some_and(|job| job.report.mask_names),
        language: environment.language,
    };
    let outcome = pipeline::check(&request, shown.as_ref(), &files);
    drop(shown);
    let report = outcome?;
    if let Some(fault) = report.report_files.faults.first() {
        return Err(Failure::usage(fault.clone()));
    }
    let exit = verdict(&report, if arguments.strict { Level::Warning } else { Level::Error });
    if let Some(path) = &arguments.output {
        let text = arguments.report.text(&report, exit, (WIDTH, false), environment);
        write(path, text.as_bytes())?;
    }
    if let Some(path) = &arguments.csv {
        let table = csv::render(&report, environment.language).map_err(|error| {
            Failure::internal(Message::new(
                format!("无法生成 CSV：{error}；请反馈给开发者"),
                format!("the CSV could not be made: {error}; please report this"),
            ))
        })?;
        write(path, &table)?;
    }
    if let Some(path) = &arguments.html {
        let settings = job.as_ref().map(|job| job.report.clone()).unwrap_or_default();
        let options = Options {
            language: environment.language,
            names: Names::masked(settings.mask_names),
            raw_lines: settings.raw_lines,
        };
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let mut page = Vec::new();
        html::write(&report, &metas, &options, &mut page)
            .map_err(|error| Failure::usage(output::cannot_write(path, &error)))?;
        write(path, &page)?;
    }
    run_report::show(&report, exit, &arguments.report, false, environment)?;
    ResultLine::of(&report).print(environment, arguments.report.json, exit)?;
    Ok(exit)
}

/// A check is passed if the delivery would be published and has no errors for its provider to correct.
fn verdict(report: &RunReport, worst: Level) -> Exit {
    match report.verdict {
        Verdict::Failed => Exit::Internal,
        Verdict::Refused => Exit::Refused,
        Verdict::Published | Verdict::Passed => {
            let wrong = report.findings.iter().any(|finding| finding.level >= worst);
            if wrong { Exit::Refused } else { Exit::Done }
        }
    }
}

/// Columns of a report that is written to a file.
const WIDTH: usize = 120;

/// Writes a file that only its owner reads: the report holds delivered lines.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    replace_file(path, content, PRIVATE_FILE)
        .map_err(|error| Failure::usage(output::cannot_write(path, &error)))
}
