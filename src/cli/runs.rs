//! `orgsnap runs`: what ran, what waits for files, and what comes next, of an insurer or of all.

mod schedule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use orgsnap::report::{Column, formatting, table};
use orgsnap::store::{DATABASE, Reader, RunRow, StoredRetraction, is_log_pending};
use serde::Serialize;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, tenant};

/// Tell what ran, newest first, what waits for files, and what comes next
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file [default: all tenants]
    #[arg(value_name = "TENANT|JOB")]
    tenant: Option<String>,
    /// At most so many runs of each tenant
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print all that as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    runs: Vec<Run<'a>>,
    /// One a tenant that `serve` runs or ran by time.
    schedules: Vec<schedule::Document<'a>>,
    /// Tenants whose database has a log, so that a copy of the file alone may lack what was published last.
    pending_logs: &'a [String],
}

#[derive(Serialize)]
struct Run<'a> {
    run: &'a str,
    tenant: &'a str,
    business_date: &'a str,
    verdict: &'a str,
    /// Whether its delivery is what the snapshot of its date shows now.
    current: bool,
    started: &'a str,
    finished: &'a str,
    rows: u64,
    quarantined: u64,
    errors: u64,
    reasons: Vec<Reason<'a>>,
    approval: Option<Approval<'a>>,
    /// The run that published by approval what this one refused.
    approved_as: Option<&'a str>,
    /// Who took back what it published.
    retracted: Option<Retraction<'a>>,
    tool_version: &'a str,
}

#[derive(Serialize)]
struct Approval<'a> {
    refused_run: &'a str,
    at: &'a str,
    by: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Retraction<'a> {
    at: &'a str,
    by: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Reason<'a> {
    limit: &'a str,
    zh: &'a str,
    en: &'a str,
}

/// Lists the runs.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let databases: Vec<PathBuf> = match &arguments.tenant {
        Some(tenant) => vec![tenant::database(tenant, environment)?],
        None => {
            let folders = tenant::all_folders(environment)?;
            folders.into_iter().map(|folder| folder.join(DATABASE)).collect()
        }
    };
    let (mut runs, mut entries, mut unpublished) = (Vec::new(), Vec::new(), Vec::new());
    let mut pending_logs = Vec::new();
    let mut worst = Exit::Done;
    for database in databases {
        let folder = database.parent().map(Path::to_path_buf).unwrap_or_default();
        // A schedule that cannot be read is no reason to hold back the runs.
        let entry = schedule::read(&folder).unwrap_or_else(|failure| {
            output::complain(environment, &failure);
            None
        });
        // Looked at before this program reads the database itself.
        if is_log_pending(&database) {
            pending_logs.push(folder.file_name().unwrap_or_default().display().to_string());
        }
        // Before the first run there is a schedule and no database.
        if entry.is_none() || database.exists() {
            match read(&database, arguments.limit) {
                Ok((rows, published)) => {
                    runs.extend(rows);
                    if !published {
                        let name = folder.file_name().unwrap_or_default();
                        unpublished.push(name.display().to_string());
                    }
                }
                Err(failure) if arguments.tenant.is_some() => return Err(failure),
                // A database of one tenant that cannot be read is no reason to hold back the others.
                Err(failure) => {
                    output::warn(environment, &failure.message);
                    worst = worst.max(failure.exit);
                }
            }
        }
        let tenant = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        entries.extend(entry.map(|entry| (tenant, entry)));
    }
    let nothing_read = runs.is_empty() && entries.is_empty() && unpublished.is_empty();
    if nothing_read && worst != Exit::Done && !arguments.json {
        return Ok(worst);
    }
    let text = if arguments.json {
        let document = Document {
            runs: runs.iter().map(document).collect(),
            schedules: entries.iter().map(|(t, e)| schedule::document(t, e, environment)).collect(),
            pending_logs: &pending_logs,
        };
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        let mut text = drawn(&runs, environment);
        if !entries.is_empty() {
            text.push('\n');
            text.push_str(&schedule::drawn(&entries, environment));
        }
        if !unpublished.is_empty() {
            text.push_str(&nothing_published(&unpublished, environment));
        }
        if !pending_logs.is_empty() {
            text.push_str(&log_pending(&pending_logs, environment));
        }
        text
    };
    output::print(&text)?;
    Ok(worst)
}

/// The recorded runs of a tenant, and whether a snapshot is published.
fn read(database: &Path, limit: usize) -> Result<(Vec<RunRow>, bool), Failure> {
    let reader = Reader::open_existing(database)?;
    Ok((reader.runs(limit)?, reader.latest()?.is_some()))
}

/// Says of which tenants a copy of the database alone may lack what was published last.
fn log_pending(tenants: &[String], environment: &Environment) -> String {
    environment.language.choose(
        format!(
            "\n数据库日志 org.db-wal 尚未并入 org.db（有程序正在读取或写入），请勿单独复制 org.db，备份请用 orgsnap backup：{}\n",
            tenants.join("、")
        ),
        format!(
            "\nthe log org.db-wal is not folded back into org.db yet, as a program reads or writes it; do not copy org.db \
             alone, orgsnap backup makes a whole copy: {}\n",
            tenants.join(", ")
        ),
    )
}

/// Says of which tenants no snapshot is published yet.
fn nothing_published(tenants: &[String], environment: &Environment) -> String {
    environment.language.choose(
        format!("\n尚未发布任何快照：{}\n", tenants.join("、")),
        format!("\nno snapshot is published yet: {}\n", tenants.join(", ")),
    )
}

fn document(row: &RunRow) -> Run<'_> {
    Run {
        run: &row.run.0,
        tenant: &row.tenant,
        business_date: &row.business_date,
        verdict: &row.verdict,
        current: row.current,
        started: &row.started,
        finished: &row.finished,
        rows: row.rows,
        quarantined: row.quarantined,
        errors: row.errors,
        reasons: row
            .reasons
            .iter()
            .map(|r| Reason { limit: &r.limit, zh: &r.message.zh, en: &r.message.en })
            .collect(),
        approval: row.approval.as_ref().map(|approval| Approval {
            refused_run: &approval.refused.0,
            at: &approval.at,
            by: &approval.by,
            reason: &approval.reason,
        }),
        approved_as: row.approved_as.as_ref().map(|run| run.0.as_str()),
        retracted: row.retracted.as_ref().map(|retraction| Retraction {
            at: &retraction.at,
            by: &retraction.by,
            reason: &retraction.reason,
        }),
        tool_version: &row.tool_version,
    }
}

fn drawn(runs: &[RunRow], environment: &Environment) -> String {
    let language = environment.language;
    let header = language.choose(
        ["租户", "业务日期", "运行", "结论", "行数", "隔离", "错误", "用时"],
        ["tenant", "date", "run", "verdict", "rows", "quarantined", "errors", "took"],
    );
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|row| {
            let took: u64 = row.timings.iter().map(|(_, milliseconds)| milliseconds).sum();
            let verdict = formatting::verdict(language, &row.verdict);
            let verdict = match (&row.approval, &row.approved_as) {
                (Some(_), _) => format!("{verdict}{}", language.choose("，经放行", ", approved")),
                (None, Some(_)) => {
                    format!("{verdict}{}", language.choose("，后放行", ", then approved"))
                }
                (None, None) => verdict.to_owned(),
            };
            // A publication that a later run of the same date replaced is no longer to be seen.
            let gone = row.verdict == "published" && !row.current;
            let verdict = match (&row.retracted, gone) {
                (Some(_), _) => format!("{verdict}{}", language.choose("，已撤回", ", taken back")),
                (None, true) => format!("{verdict}{}", language.choose("，已被替换", ", replaced")),
                (None, false) => verdict,
            };
            vec![
                row.tenant.clone(),
                row.business_date.clone(),
                row.run.to_string(),
                verdict,
                formatting::grouped(row.rows),
                formatting::grouped(row.quarantined),
                formatting::grouped(row.errors),
                formatting::duration(Duration::from_millis(took)),
            ]
        })
        .collect();
    let mut columns = [Column::Number; 8];
    columns[..4].fill(Column::Text);
    let mut text = table(&columns, &header, &rows, 0, environment.width);
    for row in runs {
        let Some(StoredRetraction { at, by, reason }) = &row.retracted else { continue };
        // The day is enough to read; the JSON has the instant.
        let (run, day) = (&row.run, at.get(..10).unwrap_or(at));
        text.push_str(&language.choose(
            format!("运行 {run} 已于 {day} 由 {by} 撤回：{reason}\n"),
            format!("run {run} was taken back on {day} by {by}: {reason}\n"),
        ));
    }
    text
}
