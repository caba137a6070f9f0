//! `orgsnap import`: the main job, for one insurer or several.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;
use orgsnap::config::job::{self, Job};
use orgsnap::model::{Cancel, RunReport, Verdict};
use orgsnap::pipeline::{self, ImportRequest};
use orgsnap::report::json;

use super::exit::Exit;
use super::failure::Failure;
use super::surroundings::Surroundings;
use super::{fence, output, progress, run_report};

/// Fetch, check and publish a delivery
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Job files, one an insurer; run in order, a bad one does not stop the next
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<PathBuf>,
    /// Business date [default: today in the job's time zone]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<NaiveDate>,
    /// Take the files from this folder instead of the job's source
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Check against the last snapshot, but publish and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Publish files of a server that are, byte for byte, those of an earlier date
    #[arg(long)]
    accept_unchanged: bool,
    #[command(flatten)]
    report: run_report::Arguments,
}

/// Runs the jobs. The exit code is the gravest one.
pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> Exit {
    let mut worst = Exit::Done;
    for (at, path) in arguments.jobs.iter().enumerate() {
        if at > 0 && !arguments.report.json {
            // Between two reports; nothing is lost if it cannot be written.
            let _ = output::print("\n");
        }
        // A panic in one insurer's run stays in that run.
        let exit = match fence::around(|| import(path, arguments, surroundings)) {
            Ok(exit) => exit,
            Err(failure) => {
                output::complain(surroundings, &failure);
                run_report::fault_line(surroundings, arguments.report.json, failure.exit);
                failure.exit
            }
        };
        worst = worst.max(exit);
    }
    worst
}

fn import(
    path: &Path,
    arguments: &Arguments,
    surroundings: &Surroundings,
) -> Result<Exit, Failure> {
    let job = load(path, surroundings)?;
    let request = ImportRequest {
        job: &job,
        date: arguments.date,
        from: arguments.from.as_deref(),
        dry_run: arguments.dry_run,
        data_dir: &surroundings.data,
        now: surroundings.now(),
        cancel: &Cancel::new(),
        awaited: false,
        accept_unchanged: arguments.accept_unchanged,
    };
    let shown = progress::shown(surroundings, &job.tenant);
    let outcome = pipeline::import(&request, shown.as_ref());
    drop(shown);
    let mut report = outcome?;

    // A dry run leaves nothing behind, not even its report.
    let kept = if arguments.dry_run { Ok(()) } else { keep(&mut report, surroundings) };
    let exit = match report.verdict {
        Verdict::Published | Verdict::Passed => Exit::Done,
        Verdict::Refused => Exit::Refused,
        Verdict::Failed => Exit::Internal,
    };
    let exit = match kept {
        Ok(()) => exit,
        Err(failure) => {
            output::complain(surroundings, &failure);
            exit.max(failure.exit)
        }
    };
    let several = arguments.jobs.len() > 1;
    run_report::show(&report, exit, &arguments.report, several, surroundings)?;
    Ok(exit)
}

/// Writes the report beside the database.
fn keep(report: &mut RunReport, surroundings: &Surroundings) -> Result<(), Failure> {
    let folder = surroundings.data.join(&report.tenant).join("reports").join(&report.run.0);
    json::write(&folder, report)?;
    report.report_dir = Some(folder);
    Ok(())
}

/// Reads a job file and tells what should not stay so in it.
pub(super) fn load(path: &Path, surroundings: &Surroundings) -> Result<Job, Failure> {
    let job = job::load(path, &Surroundings::variable)?;
    for warning in &job.warnings {
        output::warn(surroundings, warning);
    }
    Ok(job)
}
