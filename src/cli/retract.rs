//! `orgsnap retract`: takes a date back, as if it had never been delivered.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use orgsnap::config::job::StoreSettings;
use orgsnap::daemon::export_to_lake;
use orgsnap::model::Message;
use orgsnap::pipeline::{self, RetractRequest, Retracted};
use orgsnap::report::formatting;
use orgsnap::store::{DATABASE, Migration, Reader};

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::{argument, confirmation, output, progress};

/// Take a date back, as if it had never been delivered
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// The business date to take back
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    date: NaiveDate,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = argument::text)]
    reason: String,
    /// Who, for the record [default: the user who runs it]
    #[arg(long, value_name = "NAME", value_parser = argument::text)]
    by: Option<String>,
    /// Take it back on the PostgreSQL server at this URL, whatever the job says; a password is better in the job's [store]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Keep no copy of a database of an earlier format when it is brought to the newest one
    #[arg(long)]
    no_backup: bool,
}

/// Asks, and takes the date back.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let mut job = load(&arguments.job, environment)?;
    if let Some(url) = &arguments.store {
        job.store = Some(StoreSettings::of_url(url.clone(), &arguments.job));
    }
    let (date, language) = (arguments.date, environment.language);
    let database = environment.data.join(&job.tenant).join(DATABASE);
    // A server says it when the date is taken back.
    if job.store.is_none() {
        Reader::open_existing(&database)?.snapshot(date)?;
    }
    if !arguments.yes && !is_confirmed(&job.tenant, date, environment)? {
        output::print(language.choose("未作任何改动\n", "nothing was changed\n"))?;
        return Ok(Exit::Done);
    }
    tracing::info!(tenant = %job.tenant, %date, "takes a date back");
    let user = Environment::user();
    let shown = progress::shown(environment, &job.tenant);
    let told = |step| shown.migration(step);
    let request = RetractRequest {
        job: &job,
        date,
        data_dir: &environment.data,
        now: environment.now(),
        by: arguments.by.as_deref().unwrap_or(&user),
        reason: &arguments.reason,
        migration: Migration { backup: !arguments.no_backup, told: &told },
    };
    let retracted = pipeline::retract(&request);
    drop(shown);
    let Retracted { run, newest, is_log_pending } = retracted?;
    if let Some(fault) = export_to_lake(&job, &environment.data, environment.now()) {
        output::warn(environment, &fault);
    }
    let done = language.choose(
        format!("已撤回 {date} 的快照（运行 {run}）"),
        format!("took the snapshot of {date} back (run {run})"),
    );
    let left = match newest {
        Some(newest) => language.choose(
            format!("最新快照为 {newest}"),
            format!("the newest snapshot is that of {newest}"),
        ),
        None => language.choose("已没有任何快照", "there is no snapshot left").to_owned(),
    };
    output::print(&format!("{done}{}{left}\n", language.choose("；", "; ")))?;
    if is_log_pending {
        output::print(&format!("{}\n", formatting::log_pending(language)))?;
    }
    Ok(Exit::Done)
}

/// Asks the person at the terminal.
fn is_confirmed(tenant: &str, date: NaiveDate, environment: &Environment) -> Result<bool, Failure> {
    let question = Message::new(
        format!("撤回租户 {tenant} 在 {date} 的快照，如同该日从未导入。是否继续？"),
        format!(
            "Take the snapshot of {date} of tenant {tenant} back, as if it had never been delivered?"
        ),
    );
    let unasked = Message::new(
        format!("撤回 {date} 需要确认；不在终端中运行时请加 --yes"),
        format!("taking {date} back has to be confirmed: without a terminal, add --yes"),
    );
    confirmation::is_given(&question, unasked, environment)
}
