//! Runs that wait for files and the next scheduled runs, read from the ledgers of `serve`.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use orgsnap::daemon::ledger::{self, Entry};
use orgsnap::daemon::plan::{MissingPrecondition, Phase, ScheduledRun};
use orgsnap::report::{Column, Language, table};
use serde::Serialize;

use super::super::environment::Environment;
use super::super::failure::Failure;

/// How a tenant's schedule stands.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    tenant: &'a str,
    cron: &'a str,
    timezone: &'a str,
    /// `due`, `waiting`, `running`, `published`, `refused`, `failed` or `late`; none before the first run.
    state: Option<&'static str>,
    /// What is waited for: `files`, `source`, `lock`, `setup` or `machine`.
    waiting_for: Option<&'static str>,
    business_date: Option<String>,
    /// The scheduled time of that date, in the job's time zone, RFC 3339.
    scheduled: Option<String>,
    /// Until when late files are looked for.
    until: Option<String>,
    /// When they are looked for next, while something is waited for.
    next_look: Option<String>,
    attempts: u32,
    /// What the last look found, if it came to no verdict.
    message: Option<Words<'a>>,
    /// The next scheduled time.
    next: Option<String>,
    /// That time has passed and nobody ran the job: `serve` is not running.
    overdue: bool,
    /// What is wrong with the job file, if its last good version is in use.
    job_file: Option<Words<'a>>,
}

#[derive(Serialize)]
struct Words<'a> {
    zh: &'a str,
    en: &'a str,
}

/// The ledger in a tenant's folder.
///
/// # Errors
/// If it is there and cannot be read.
pub(super) fn read(folder: &Path) -> Result<Option<Entry>, Failure> {
    ledger::read(folder).map_err(|error| Failure::usage(error.message()))
}

pub(super) fn document<'a>(
    tenant: &'a str,
    entry: &'a Entry,
    environment: &Environment,
) -> Document<'a> {
    let zone = zone(entry);
    let local =
        |at: DateTime<Utc>| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    let scheduled_run = entry.state.scheduled_run.as_ref();
    let due = entry.state.due_at();
    let words = |message: &'a orgsnap::model::Message| Words { zh: &message.zh, en: &message.en };
    Document {
        tenant,
        cron: &entry.state.cron,
        timezone: &entry.state.zone,
        state: scheduled_run.map(|scheduled_run| State::of(scheduled_run).name()),
        waiting_for: due
            .and(scheduled_run)
            .and_then(|scheduled_run| scheduled_run.missing)
            .map(missing_name),
        business_date: scheduled_run.map(|scheduled_run| scheduled_run.date.to_string()),
        scheduled: scheduled_run.map(|scheduled_run| local(scheduled_run.scheduled)),
        until: scheduled_run.map(|scheduled_run| local(scheduled_run.until)),
        next_look: due.map(local),
        attempts: scheduled_run.map_or(0, |scheduled_run| scheduled_run.attempts),
        message: scheduled_run.and_then(|scheduled_run| scheduled_run.message.as_ref()).map(words),
        next: entry.next.map(local),
        overdue: is_overdue(entry, environment),
        job_file: entry.job_file.as_ref().map(words),
    }
}

/// A table of all, and below it what there is to say of each.
pub(super) fn drawn(entries: &[(String, Entry)], environment: &Environment) -> String {
    let language = environment.language;
    let header = language.choose(
        ["租户", "状态", "业务日期", "自", "至", "下次运行", "时区"],
        ["tenant", "state", "date", "since", "until", "next run", "time zone"],
    );
    let (mut rows, mut words) = (Vec::new(), String::new());
    for (tenant, entry) in entries {
        let zone = zone(entry);
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%m-%d %H:%M").to_string();
        let scheduled_run = entry.state.scheduled_run.as_ref();
        let open = scheduled_run.filter(|scheduled_run| {
            scheduled_run.is_open() || scheduled_run.phase == Phase::Running
        });
        let next = match (entry.next, is_overdue(entry, environment)) {
            (None, _) => language.choose("无", "none").to_owned(),
            (Some(next), false) => local(next),
            (Some(next), true) => {
                format!("{} {}", local(next), language.choose("已过", "overdue"))
            }
        };
        rows.push(vec![
            tenant.clone(),
            scheduled_run
                .map_or("-", |scheduled_run| State::of(scheduled_run).words(language))
                .to_owned(),
            scheduled_run.map_or("-".to_owned(), |scheduled_run| scheduled_run.date.to_string()),
            open.map_or("-".to_owned(), |scheduled_run| local(scheduled_run.scheduled)),
            open.map_or("-".to_owned(), |scheduled_run| local(scheduled_run.until)),
            next,
            entry.state.zone.clone(),
        ]);
        let last = scheduled_run.and_then(|scheduled_run| scheduled_run.message.as_ref());
        for message in last.into_iter().chain(&entry.job_file) {
            words.push_str(&format!("  {tenant}  {}\n", language.of(message)));
        }
        if is_overdue(entry, environment) {
            let text = language.choose(
                "下次运行的时间已过：orgsnap serve 没有在运行？",
                "the time of the next run has passed: is orgsnap serve running?",
            );
            words.push_str(&format!("  {tenant}  {text}\n"));
        }
    }
    let columns = [Column::Text; 7];
    table(&columns, &header, &rows, 0, environment.width) + &words
}

/// The zone of the ledger's times.
fn zone(entry: &Entry) -> Tz {
    entry.state.zone.parse().unwrap_or(Tz::UTC)
}

/// Whether the next time has passed by more than a daemon needs to notice, with nothing under way.
fn is_overdue(entry: &Entry, environment: &Environment) -> bool {
    let passed = |at: DateTime<Utc>| environment.now() - at > chrono::TimeDelta::minutes(1);
    entry.next.is_some_and(passed)
}

/// The state of a scheduled run in words.
#[derive(Clone, Copy)]
enum State {
    Due,
    Waiting(MissingPrecondition),
    Running,
    Published,
    Refused,
    Failed,
    Late,
}

impl State {
    fn of(scheduled_run: &ScheduledRun) -> State {
        match (scheduled_run.phase, scheduled_run.missing) {
            (Phase::Due(_), Some(MissingPrecondition::Files) | None)
                if scheduled_run.refused.is_some() =>
            {
                State::Refused
            }
            (Phase::Due(_), Some(missing)) => State::Waiting(missing),
            (Phase::Due(_), None) => State::Due,
            (Phase::Running, _) => State::Running,
            (Phase::Published, _) => State::Published,
            (Phase::Refused, _) => State::Refused,
            (Phase::Failed, _) => State::Failed,
            (Phase::Late, _) => State::Late,
        }
    }

    fn name(self) -> &'static str {
        match self {
            State::Due => "due",
            State::Waiting(_) => "waiting",
            State::Running => "running",
            State::Published => "published",
            State::Refused => "refused",
            State::Failed => "failed",
            State::Late => "late",
        }
    }

    fn words(self, language: Language) -> &'static str {
        match self {
            State::Due => language.choose("等待运行", "due"),
            State::Waiting(MissingPrecondition::Files) => {
                language.choose("等待文件", "waiting for files")
            }
            State::Waiting(MissingPrecondition::Source) => {
                language.choose("等待服务器", "waiting for the source")
            }
            State::Waiting(MissingPrecondition::Lock) => {
                language.choose("等待其他运行", "waiting for another run")
            }
            State::Waiting(MissingPrecondition::Setup | MissingPrecondition::Machine) => {
                language.choose("故障后重试", "trying again after a fault")
            }
            State::Running => language.choose("运行中", "running"),
            State::Published => language.choose("已发布", "published"),
            State::Refused => language.choose("未发布", "refused"),
            State::Failed => language.choose("失败", "failed"),
            State::Late => language.choose("文件未到", "late"),
        }
    }
}

fn missing_name(missing: MissingPrecondition) -> &'static str {
    match missing {
        MissingPrecondition::Files => "files",
        MissingPrecondition::Source => "source",
        MissingPrecondition::Lock => "lock",
        MissingPrecondition::Setup => "setup",
        MissingPrecondition::Machine => "machine",
    }
}
