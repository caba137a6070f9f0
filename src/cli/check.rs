//! `orgsnap check`: the checks alone, on files in a folder; no database.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use orgsnap::model::{Level, RunReport, Verdict};
use orgsnap::pipeline::{self, CheckRequest};

use super::delivery_format::FormatArguments;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::{progress, run_report};

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
    /// Business date [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<NaiveDate>,
    #[command(flatten)]
    report: run_report::Arguments,
}

/// Runs the checks.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let outcome = check(arguments, environment);
    if let Err(failure) = &outcome {
        run_report::fault_line(environment, arguments.report.json, failure.exit);
    }
    outcome
}

fn check(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
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
        now: environment.now(),
    };
    let who = job.as_ref().map_or("check", |job| job.tenant.as_str());
    let shown = progress::shown(environment, who);
    let outcome = pipeline::check(&request, shown.as_ref());
    drop(shown);
    let report = outcome?;
    let exit = verdict(&report);
    run_report::show(&report, exit, &arguments.report, false, environment)?;
    Ok(exit)
}

/// A check is passed if the delivery would be published and holds nothing that its provider has to mend.
fn verdict(report: &RunReport) -> Exit {
    match report.verdict {
        Verdict::Failed => Exit::Internal,
        Verdict::Refused => Exit::Refused,
        Verdict::Published | Verdict::Passed => {
            let wrong = report.findings.iter().any(|finding| finding.level >= Level::Error);
            if wrong { Exit::Refused } else { Exit::Done }
        }
    }
}
