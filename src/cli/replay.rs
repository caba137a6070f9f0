//! `orgsnap replay`: makes a tenant's database anew from the archive, or compares the present one with it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use orgsnap::config::job::{self, Job};
use orgsnap::model::{Cancel, Feed, Message, RunId};
use orgsnap::pipeline::{self, ReplayRequest, ReplayRules, ReplayStep, Replayed};
use orgsnap::report::{Language, formatting};
use orgsnap::store::{RowDifferenceKind, TableDifference};

use super::counted_progress::CountedProgress;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{argument, output, tenant};

/// Make the database anew from the archive, or compare its snapshots and trees with it (no limits, no records of runs)
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file; without a job file deliveries are read by the settings kept with them
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// The database to make [default: the present one is compared]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The database as it was known after this run
    #[arg(long, value_name = "RUN", requires = "to", value_parser = argument::text)]
    until: Option<String>,
    /// By the settings that each delivery was read with, or by those of the job file
    #[arg(long, value_name = "then|now", default_value = "then", hide_possible_values = true)]
    rules: RulesArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RulesArgument {
    Then,
    Now,
}

/// Dates that are named of each kind.
const MOST_DATES: usize = 20;

/// Makes the database and says what came of it.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let job = tenant::job(&arguments.tenant, environment)?;
    let rules = match arguments.rules {
        RulesArgument::Then => ReplayRules::Then,
        RulesArgument::Now if job.is_some() => ReplayRules::Now,
        RulesArgument::Now => {
            return Err(Failure::usage(Message::fixed(
                "--rules now 需要任务文件：请用任务文件代替租户编号",
                "--rules now needs the job file: name it in place of the tenant",
            )));
        }
    };
    let job = match job {
        Some(job) => job,
        None => without_settings(&arguments.tenant)?,
    };
    if let Some(file) = arguments.to.as_ref().filter(|file| file.exists()) {
        let shown = file.display();
        return Err(Failure::usage(Message::new(
            format!("{shown} 已存在，未作改动；请先移走，或换一个文件名"),
            format!("{shown} exists and was left as it is; move it away, or name another file"),
        )));
    }
    let until = arguments.until.clone().map(RunId);
    let cancel = Cancel::new();
    let request = ReplayRequest {
        tenant_dir: &folder,
        job: &job,
        target: arguments.to.as_deref(),
        until: until.as_ref(),
        rules,
        now: environment.now(),
        cancel: &cancel,
    };
    let replayed = {
        let shown = std::cell::RefCell::new(CountedProgress::new(environment, &job.tenant));
        let told = |step: ReplayStep<'_>| match step {
            ReplayStep::Delivery { done, all, date } => {
                shown.borrow_mut().set(done, all, &date.to_string());
            }
            ReplayStep::Table { name, rows } => shown.borrow_mut().set(rows, rows, name),
        };
        pipeline::replay(&request, &told)?
    };
    output::print(&text(&replayed, arguments.to.as_deref(), environment.language))?;
    Ok(if replayed.is_whole() { Exit::Done } else { Exit::Refused })
}

/// A job that says nothing but whose deliveries they are.
fn without_settings(tenant: &str) -> Result<Job, Failure> {
    let text = format!("tenant = {}", toml::Value::from(tenant));
    Ok(job::parse(Path::new(tenant), &text, &|_| None)?)
}

fn text(replayed: &Replayed, target: Option<&Path>, language: Language) -> String {
    let mut lines = Vec::new();
    let of = |zh: String, en: String| language.choose(zh, en);
    let range = match replayed.dates {
        None => of("没有任何快照".to_owned(), "there is no snapshot".to_owned()),
        Some((first, last)) => {
            let count = formatting::grouped(replayed.deliveries);
            of(
                format!("{count} 个日期的快照，{first} 至 {last}"),
                match replayed.deliveries {
                    1 => format!("a snapshot of one date, {first}"),
                    _ => format!("snapshots of {count} dates, {first} to {last}"),
                },
            )
        }
    };
    if replayed.assumed {
        lines.push(of(
            "归档没有 journal.jsonl，数据库也无法读取：假定每个日期以最后一个通过上限的批次为准；曾撤回的日期、人工放行的批次无从得知".to_owned(),
            "the archive has no journal.jsonl and the database cannot be read: of each date the last delivery that keeps the \
             limits is assumed to count; dates that were taken back and deliveries that were approved are not known"
                .to_owned(),
        ));
    }
    if replayed.without_settings > 0 {
        let count = formatting::grouped(replayed.without_settings);
        lines.push(of(
            format!("{count} 个批次归档时没有保存设置（由更早版本归档），按当前设置读取"),
            format!("{count} deliveries were archived without their settings (by an earlier version) and are read by those of today"),
        ));
    }
    let list = |dates: Vec<String>| {
        let more = dates.len().saturating_sub(MOST_DATES);
        let shown = dates.into_iter().take(MOST_DATES).collect::<Vec<_>>();
        let shown = shown.join(language.choose("、", ", "));
        match (more, language) {
            (0, _) => shown,
            (more, Language::Chinese) => format!("{shown} 等，另有 {more} 个"),
            (more, Language::English) => format!("{shown} and {more} more"),
        }
    };
    for by_job in [true, false] {
        let dates = replayed.missing.iter().filter(|(.., removed)| *removed == by_job);
        let dates: Vec<String> = dates.map(|(date, ..)| date.to_string()).collect();
        if dates.is_empty() {
            continue;
        }
        let dates = list(dates);
        lines.push(match by_job {
            true => of(
                format!("已按 [archive] keep 删除、无法重放的日期：{dates}"),
                format!(
                    "removed by [archive] keep, so that these dates cannot be made anew: {dates}"
                ),
            ),
            false => of(
                format!("归档中缺少、无法重放的日期：{dates}"),
                format!("not in the archive, so that these dates cannot be made anew: {dates}"),
            ),
        });
    }
    for feed in Feed::ALL {
        let keys = replayed.lacking.iter().filter(|(of, _)| *of == feed);
        let keys: Vec<String> = keys.map(|(_, key)| key.clone()).collect();
        if keys.is_empty() {
            continue;
        }
        let keys = list(keys);
        lines.push(of(
            format!(
                "最新批次中被隔离、合格版本只在上述缺少的批次中、因此无法重放的{}主键：{keys}",
                feed.title_zh()
            ),
            format!(
                "keys of {feed} that are quarantined in the newest delivery and whose good rows were in the missing ones alone, so that they cannot \
                 be made anew: {keys}"
            ),
        ));
    }
    for (date, run, why) in &replayed.unreadable {
        let why = language.of(why);
        lines.push(of(
            format!("{date}（运行 {run}）无法读取：{why}"),
            format!("{date} (run {run}) cannot be read: {why}"),
        ));
    }
    for (date, run, reasons) in &replayed.refused {
        let reasons: Vec<&str> =
            reasons.iter().map(|reason| language.of(&reason.message)).collect();
        let reasons = reasons.join(language.choose("；", "; "));
        lines.push(of(
            format!("{date}（运行 {run}）按当前规则不能发布，未包含在内：{reasons}"),
            format!("{date} (run {run}) is refused by the rules of today and left out: {reasons}"),
        ));
    }
    if !replayed.read_otherwise.is_empty() {
        let dates = replayed.read_otherwise.iter().map(|(date, _)| date.to_string());
        let dates = list(dates.collect());
        lines.push(of(
            format!("接收或隔离的行数与当时不同的日期（快照因此不同）：{dates}"),
            format!("dates of which other numbers of rows are accepted or quarantined than then, so that the snapshot differs: {dates}"),
        ));
    }
    match (target, &replayed.differences) {
        (Some(target), _) => lines.push(of(
            format!("已生成 {}：{range}", target.display()),
            format!("made {}: {range}", target.display()),
        )),
        (None, Some(differences)) => compared(replayed, differences, &range, language, &mut lines),
        (None, None) => {}
    }
    lines.join("\n") + "\n"
}

/// What the comparison found.
fn compared(
    replayed: &Replayed,
    differences: &[TableDifference],
    range: &str,
    language: Language,
    lines: &mut Vec<String>,
) {
    let of = |zh: String, en: String| language.choose(zh, en);
    if replayed.newest_snapshot_only {
        lines.push(of(
            "因此只比对最新快照的内容和树，不比对历史".to_owned(),
            "so the content of the newest snapshot and its trees are compared, and not the history"
                .to_owned(),
        ));
    }
    if differences.is_empty() {
        lines.push(of(
            format!("org.db 与归档一致：{range}"),
            format!("org.db is what the archive gives: {range}"),
        ));
        return;
    }
    lines.push(of(
        format!("org.db 与归档不一致（归档：{range}）"),
        format!("org.db is not what the archive gives ({range})"),
    ));
    for difference in differences {
        let TableDifference { table, only_first, only_second, different, rows } = difference;
        let [only_first, only_second, different] =
            [only_first, only_second, different].map(|n| formatting::grouped(*n));
        lines.push(of(
            format!("{table}：仅 org.db 有 {only_first} 行，仅归档有 {only_second} 行，内容不同 {different} 行"),
            format!("{table}: {only_first} rows in org.db alone, {only_second} in the archive alone, {different} with other content"),
        ));
        for row in rows {
            let key = row.key.join(" ");
            let what = match &row.what {
                RowDifferenceKind::OnlyFirst => of("仅 org.db".into(), "org.db alone".into()),
                RowDifferenceKind::OnlySecond => of("仅归档".into(), "the archive alone".into()),
                RowDifferenceKind::Columns(columns) => columns.join(", "),
            };
            lines.push(format!("  {key}: {what}"));
        }
    }
}
