//! `orgsnap approve`: publishes the files of a refused run, because somebody answers for them.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use orgsnap::alert::{Cause, EventKind, RunEvent};
use orgsnap::config::job::Job;
use orgsnap::daemon::export_to_lake;
use orgsnap::model::{Cancel, Message, RunId, Verdict};
use orgsnap::pipeline::{self, ApproveRequest};
use orgsnap::reporting::JobReporter;

use super::alerting::Alerting;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::run_report::{ResultLine, Subject};
use super::{argument, confirmation, output, panic_boundary, progress, run_report};

/// Publish the files of a refused run, in spite of the limits
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// The run that was refused
    #[arg(value_name = "RUN", value_parser = argument::text)]
    run: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = argument::text)]
    reason: String,
    /// Who, for the record [default: the user who runs it]
    #[arg(long, value_name = "NAME", value_parser = argument::text)]
    by: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Keep no copy of a database of an earlier format when it is brought to the newest one
    #[arg(long)]
    no_backup: bool,
    #[command(flatten)]
    report: run_report::Arguments,
}

/// Asks, and publishes the files.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = load(&arguments.job, environment)?;
    pipeline::require_file(&job)?;
    let run = RunId(arguments.run.clone());
    let date = pipeline::approvable(&environment.data.join(&job.tenant), &run)?;
    if !arguments.yes && !is_confirmed(&job, &run, date, environment)? {
        output::print(environment.language.choose("未作任何改动\n", "nothing was changed\n"))?;
        return Ok(Exit::Done);
    }
    tracing::info!(tenant = %job.tenant, %date, %run, "approves a refused run");
    let alerting = Alerting::new(environment);
    alerting.watch(&job);
    let outcome = approve(&job, &run, date, arguments, environment, &alerting);
    alerting.finish();
    let (line, exit) = outcome.unwrap_or_else(|failure| {
        output::complain(environment, &failure);
        let subject = Subject { tenant: Some(&job.tenant), job: Some(&arguments.job) };
        (ResultLine::of_failure(&subject), failure.exit)
    });
    line.print(environment, arguments.report.json, exit)?;
    Ok(exit)
}

fn approve(
    job: &Job,
    run: &RunId,
    date: NaiveDate,
    arguments: &Arguments,
    environment: &Environment,
    alerting: &Alerting<'_>,
) -> Result<(ResultLine, Exit), Failure> {
    let (user, cancel) = (Environment::user(), Cancel::new());
    let request = ApproveRequest {
        job,
        run,
        data_dir: &environment.data,
        now: environment.now(),
        by: arguments.by.as_deref().unwrap_or(&user),
        reason: &arguments.reason,
        backup: !arguments.no_backup,
        cancel: &cancel,
    };
    let reporter = JobReporter {
        job,
        data_dir: &environment.data,
        dry_run: false,
        // The provider had its copy when the delivery was refused.
        from_source: false,
        cancel: &cancel,
    };
    let shown = progress::shown(environment, &job.tenant);
    let outcome =
        panic_boundary::around(|| Ok(pipeline::approve(&request, shown.as_ref(), &reporter)));
    drop(shown);
    let report = match outcome {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => {
            if let Some(event) = RunEvent::of_error(job, date, &error, environment.now()) {
                alerting.report(job, &event);
            }
            return Err(error.into());
        }
        Err(panicked) => {
            let message = panicked.message.clone();
            let what = EventKind::Failed { cause: Cause::Internal, message, run: None };
            alerting.report(job, &RunEvent::of_job(job, date, what));
            return Err(panicked);
        }
    };
    for fault in &report.report_files.faults {
        output::warn(environment, fault);
    }
    if let Some(event) = RunEvent::of_report(&report) {
        alerting.report(job, &event);
    }
    if report.verdict == Verdict::Published
        && let Some(fault) = export_to_lake(job, &environment.data, environment.now())
    {
        output::warn(environment, &fault);
    }
    let exit = match report.verdict {
        Verdict::Published | Verdict::Passed => Exit::Done,
        Verdict::Refused => Exit::Refused,
        Verdict::Failed => Exit::Internal,
    };
    run_report::show(&report, exit, &arguments.report, false, environment)?;
    Ok((ResultLine::of(&report), exit))
}

/// Asks the person at the terminal.
fn is_confirmed(
    job: &Job,
    run: &RunId,
    date: NaiveDate,
    environment: &Environment,
) -> Result<bool, Failure> {
    let tenant = &job.tenant;
    let question = Message::new(
        format!(
            "放行运行 {run}：不论是否超过上限，将其文件发布为租户 {tenant} 在 {date} 的快照。是否继续？"
        ),
        format!(
            "Approve run {run}: publish its files as the snapshot of {date} of tenant {tenant}, whatever limits they break?"
        ),
    );
    let unasked = Message::new(
        format!("放行运行 {run} 需要确认；不在终端中运行时请加 --yes"),
        format!("approving run {run} has to be confirmed: without a terminal, add --yes"),
    );
    confirmation::is_given(&question, unasked, environment)
}
