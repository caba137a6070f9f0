//! What waits for files and what comes next, as the ledgers of `serve` tell it.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use orgsnap::daemon::ledger::{self, Entry};
use orgsnap::daemon::plan::{Errand, Lack, Phase};
use orgsnap::report::{Column, Language, table};
use serde::Serialize;

use super::super::failure::Failure;
use super::super::surroundings::Surroundings;

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
    surroundings: &Surroundings,
) -> Document<'a> {
    let zone = zone(entry);
    let local =
        |at: DateTime<Utc>| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    let errand = entry.track.errand.as_ref();
    let due = entry.track.due_at();
    let words = |message: &'a orgsnap::model::Message| Words { zh: &message.zh, en: &message.en };
    Document {
        tenant,
        cron: &entry.track.cron,
        timezone: &entry.track.zone,
        state: errand.map(|errand| State::of(errand).name()),
        waiting_for: due.and(errand).and_then(|errand| errand.lack).map(lack_name),
        business_date: errand.map(|errand| errand.date.to_string()),
        scheduled: errand.map(|errand| local(errand.scheduled)),
        until: errand.map(|errand| local(errand.until)),
        next_look: due.map(local),
        attempts: errand.map_or(0, |errand| errand.attempts),
        message: errand.and_then(|errand| errand.message.as_ref()).map(words),
        next: entry.next.map(local),
        overdue: is_overdue(entry, surroundings),
        job_file: entry.job_file.as_ref().map(words),
    }
}

/// A table of all, and below it what there is to say of each.
pub(super) fn drawn(entries: &[(String, Entry)], surroundings: &Surroundings) -> String {
    let language = surroundings.language;
    let header = language.choose(
        ["租户", "状态", "业务日期", "自", "至", "下次运行", "时区"],
        ["tenant", "state", "date", "since", "until", "next run", "time zone"],
    );
    let (mut rows, mut words) = (Vec::new(), String::new());
    for (tenant, entry) in entries {
        let zone = zone(entry);
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%m-%d %H:%M").to_string();
        let errand = entry.track.errand.as_ref();
        let open = errand.filter(|errand| errand.is_open() || errand.phase == Phase::Running);
        let next = match (entry.next, is_overdue(entry, surroundings)) {
            (None, _) => language.choose("无", "none").to_owned(),
            (Some(next), false) => local(next),
            (Some(next), true) => {
                format!("{} {}", local(next), language.choose("已过", "overdue"))
            }
        };
        rows.push(vec![
            tenant.clone(),
            errand.map_or("-", |errand| State::of(errand).words(language)).to_owned(),
            errand.map_or("-".to_owned(), |errand| errand.date.to_string()),
            open.map_or("-".to_owned(), |errand| local(errand.scheduled)),
            open.map_or("-".to_owned(), |errand| local(errand.until)),
            next,
            entry.track.zone.clone(),
        ]);
        let last = errand.and_then(|errand| errand.message.as_ref());
        for message in last.into_iter().chain(&entry.job_file) {
            words.push_str(&format!("  {tenant}  {}\n", language.of(message)));
        }
        if is_overdue(entry, surroundings) {
            let text = language.choose(
                "下次运行的时间已过：orgsnap serve 没有在运行？",
                "the time of the next run has passed: is orgsnap serve running?",
            );
            words.push_str(&format!("  {tenant}  {text}\n"));
        }
    }
    let columns = [Column::Text; 7];
    table(&columns, &header, &rows, 0, surroundings.width) + &words
}

/// The zone that the ledger's times are told in.
fn zone(entry: &Entry) -> Tz {
    entry.track.zone.parse().unwrap_or(Tz::UTC)
}

/// Whether the next time has passed by more than a daemon needs to notice, with nothing under way.
fn is_overdue(entry: &Entry, surroundings: &Surroundings) -> bool {
    let passed = |at: DateTime<Utc>| surroundings.now() - at > chrono::TimeDelta::minutes(1);
    entry.next.is_some_and(passed)
}

/// How an errand stands, as people say it.
#[derive(Clone, Copy)]
enum State {
    Due,
    Waiting(Lack),
    Running,
    Published,
    Refused,
    Failed,
    Late,
}

impl State {
    fn of(errand: &Errand) -> State {
        match (errand.phase, errand.lack) {
            (Phase::Due(_), Some(Lack::Files) | None) if errand.refused.is_some() => State::Refused,
            (Phase::Due(_), Some(lack)) => State::Waiting(lack),
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
            State::Waiting(Lack::Files) => language.choose("等待文件", "waiting for files"),
            State::Waiting(Lack::Source) => language.choose("等待服务器", "waiting for the source"),
            State::Waiting(Lack::Lock) => {
                language.choose("等待其他运行", "waiting for another run")
            }
            State::Waiting(Lack::Setup | Lack::Machine) => {
                language.choose("故障后重试", "trying again after a fault")
            }
            State::Running => language.choose("运行中", "running"),
            State::Published => language.choose("已发布", "published"),
            State::Refused => language.choose("未发布", "refused"),
            State::Failed => language.choose("失败", "failed"),
            State::Late => language.choose("迟到", "late"),
        }
    }
}

fn lack_name(lack: Lack) -> &'static str {
    match lack {
        Lack::Files => "files",
        Lack::Source => "source",
        Lack::Lock => "lock",
        Lack::Setup => "setup",
        Lack::Machine => "machine",
    }
}
