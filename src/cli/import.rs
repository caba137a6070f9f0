//! `orgsnap import`: the main job, for one insurer or several.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;
use orgsnap::alert::{Cause, EventKind, RunEvent};
use orgsnap::config::job::{self, AppIdOwners, Job, StoreSettings};
use orgsnap::daemon::export_to_lake;
use orgsnap::disk::replace_file;
use orgsnap::metrics::{self, TenantStatus};
use orgsnap::model::{Cancel, Message, Verdict};
use orgsnap::pipeline::{self, ImportRequest, WaitPolicy};
use orgsnap::reporting::JobReporter;

use super::alerting::Alerting;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::run_report::{ResultLine, Subject};
use super::{argument, output, panic_boundary, progress, run_report};

/// Fetch, check and publish a delivery
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Job files, one an insurer; run in order, a bad one does not stop the next
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<PathBuf>,
    /// Business date [default: today in the job's time zone]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    date: Option<NaiveDate>,
    /// Take the files from this folder instead of the job's source
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Check against the last snapshot, but publish and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write how the tenants of this call stand to this file, as Prometheus text (textfile collector); calls for
    /// other tenants need a file of their own
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// Publish files of a server that are, byte for byte, those of an earlier date
    #[arg(long)]
    accept_unchanged: bool,
    /// Publish to the PostgreSQL server at this URL, whatever the jobs say; a password is better in the job's [store]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Keep no copy of a database of an earlier format when it is brought to the newest one
    #[arg(long)]
    no_backup: bool,
    #[command(flatten)]
    report: run_report::Arguments,
}

/// Runs the jobs. The exit code is the gravest one.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Exit {
    if let Some(folder) = &arguments.from
        && let Err(failure) = argument::delivery_folder("--from", folder)
    {
        output::complain(environment, &failure);
        let subject = Subject::default();
        run_report::fault_line(environment, arguments.report.json, failure.exit, &subject);
        return failure.exit;
    }
    let mut worst = Exit::Done;
    let alerting = Alerting::new(environment);
    let mut tenants = Vec::new();
    let mut app_ids = AppIdOwners::default();
    // The last line waits for the metrics, whose fault changes the exit code.
    let mut last: Option<(ResultLine, Exit)> = None;
    let print_last = |line: &ResultLine, exit: Exit| {
        let printed = line.print(environment, arguments.report.json, exit);
        printed.map(|()| exit).unwrap_or_else(|failure| {
            output::complain(environment, &failure);
            failure.exit.max(exit)
        })
    };
    for (at, path) in arguments.jobs.iter().enumerate() {
        if let Some((line, exit)) = last.take() {
            worst = worst.max(print_last(&line, exit));
        }
        if at > 0 && !arguments.report.json {
            // Between two reports; nothing is lost if it cannot be written.
            let _ = output::print("\n");
        }
        // A failure of one insurer does not keep the next from being imported.
        let mut tenant = None;
        let outcome = panic_boundary::around(|| {
            let mut job = load(path, environment)?;
            if let Some(url) = &arguments.store {
                job.store = Some(StoreSettings::of_url(url.clone(), path));
            }
            tenant = Some(job.tenant.clone());
            app_ids.claim(&job).map_err(Failure::usage)?;
            if !tenants.contains(&job.tenant) {
                tenants.push(job.tenant.clone());
            }
            import(&job, arguments, environment, &alerting)
        });
        let (line, exit) = outcome.unwrap_or_else(|failure| {
            output::complain(environment, &failure);
            let subject = Subject { tenant: tenant.as_deref(), job: Some(path) };
            (ResultLine::of_failure(&subject), failure.exit)
        });
        worst = worst.max(exit);
        last = Some((line, exit));
    }
    alerting.finish();
    // After the alerts, so that it counts those that could not be sent.
    if let Some(path) = &arguments.metrics_file
        && let Err(failure) = write_metrics(path, &tenants, environment)
    {
        output::complain(environment, &failure);
        worst = worst.max(failure.exit);
        if let Some((_, exit)) = &mut last {
            *exit = failure.exit.max(*exit);
        }
    }
    if let Some((line, exit)) = last {
        worst = worst.max(print_last(&line, exit));
    }
    worst
}

fn import(
    job: &Job,
    arguments: &Arguments,
    environment: &Environment,
    alerting: &Alerting<'_>,
) -> Result<(ResultLine, Exit), Failure> {
    let now = environment.now();
    let request = ImportRequest {
        job,
        date: arguments.date,
        from: arguments.from.as_deref(),
        dry_run: arguments.dry_run,
        data_dir: &environment.data,
        now,
        cancel: &Cancel::new(),
        wait_policy: WaitPolicy::WaitForFiles,
        accept_unchanged: arguments.accept_unchanged,
        backup: !arguments.no_backup,
        refused: None,
    };
    let date = arguments.date.unwrap_or_else(|| job.business_date(now));
    let today = job.business_date(now);
    if date > today {
        output::warn(environment, &in_future(date, today));
    }
    // A dry run leaves nothing behind: no report and no alert.
    let alert = |event: Option<RunEvent>| {
        if let Some(event) = event.filter(|_| !arguments.dry_run) {
            alerting.report(job, &event);
        }
    };
    if !arguments.dry_run {
        alerting.watch(job);
    }
    let shown = progress::shown(environment, &job.tenant);
    let reporter = JobReporter {
        job,
        data_dir: &environment.data,
        dry_run: arguments.dry_run,
        from_source: arguments.from.is_none(),
        cancel: request.cancel,
    };
    // A panic in the run is worth an alert as any other fault.
    let outcome =
        panic_boundary::around(|| Ok(pipeline::import(&request, shown.as_ref(), &reporter)));
    drop(shown);
    let report = match outcome {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => {
            alert(RunEvent::of_error(job, date, &error, environment.now()));
            return Err(error.into());
        }
        Err(panicked) => {
            let message = panicked.message.clone();
            let what = EventKind::Failed { cause: Cause::Internal, message, run: None };
            alert(Some(RunEvent::of_job(job, date, what)));
            return Err(panicked);
        }
    };

    for fault in &report.report_files.faults {
        output::warn(environment, fault);
    }
    alert(RunEvent::of_report(&report));
    if report.verdict == Verdict::Published
        && let Some(fault) = export_to_lake(job, &environment.data, now)
    {
        output::warn(environment, &fault);
    }
    let exit = match report.verdict {
        Verdict::Published | Verdict::Passed => Exit::Done,
        Verdict::Refused => Exit::Refused,
        Verdict::Failed => Exit::Internal,
    };
    let several = arguments.jobs.len() > 1;
    run_report::show(&report, exit, &arguments.report, several, environment)?;
    Ok((ResultLine::of(&report), exit))
}

/// Writes how the tenants of this call stand, for the textfile collector of a node exporter.
fn write_metrics(
    path: &Path,
    tenants: &[String],
    environment: &Environment,
) -> Result<(), Failure> {
    let statuses: Vec<TenantStatus> =
        tenants.iter().map(|tenant| TenantStatus::read(&environment.data, tenant)).collect();
    // The node exporter runs as another user.
    replace_file(path, metrics::render(&statuses).as_bytes(), 0o644)
        .map_err(|error| Failure::usage(output::cannot_write(path, &error)))
}

/// A date to come is allowed, for deliveries that are made on the evening before; a mistyped year looks the same.
fn in_future(date: NaiveDate, today: NaiveDate) -> Message {
    Message::new(
        format!(
            "--date {date} 晚于今天（{today}）；请确认日期无误，否则之后每天的交付都会排在它之前，当前快照不再更新"
        ),
        format!(
            "--date {date} is later than today ({today}); make sure that it is right: otherwise the deliveries of the days \
             to come stand before it, and the snapshot in use does not change"
        ),
    )
}

/// Reads a job file and prints its warnings.
pub(super) fn load(path: &Path, environment: &Environment) -> Result<Job, Failure> {
    let job = job::load(path, &Environment::variable)?;
    for warning in &job.warnings {
        output::warn(environment, warning);
    }
    Ok(job)
}
