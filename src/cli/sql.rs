//! `orgsnap sql`: asks the database of one tenant or of several, as of a date, and can change nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use clap::Args;
use orgsnap::dated;
use orgsnap::model::{Message, system_reason};
use orgsnap::report::formatting;
use orgsnap::store::{Question, Reader, SnapshotInfo, StatementError};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Format};
use super::argument::{self, BadArgument};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::tenant::{self, Tenant};

/// Rows of a table unless told otherwise.
const TABLE_ROWS: u64 = 1_000;
/// Seconds for a statement unless told otherwise.
const SECONDS: u64 = 60;

/// Ask the database with SQL, as of any date; it can only read
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The statement; - reads it from standard input
    #[arg(value_name = "SQL", required_unless_present = "file", conflicts_with = "file")]
    statement: Option<String>,
    /// A file with the statement
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The newest published date that is not after this one [default: the newest of all]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    as_of: Option<NaiveDate>,
    /// A tenant or its job file, several times if need be, or all; not needed where there is only one
    #[arg(long = "tenant", value_name = "TENANT|JOB|all")]
    tenants: Vec<String>,
    /// table, csv or json [default: table on a terminal, csv elsewhere]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// At most so many rows, 0 for all [default: 1000 of a table, all of csv and json]
    #[arg(long, value_name = "N", value_parser = argument::whole_number)]
    limit_rows: Option<u64>,
    /// At most so many seconds a tenant, 0 for no limit
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS, value_parser = argument::whole_number)]
    limit_time: u64,
    /// The value of a parameter :name of the statement
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

fn parameter(text: &str) -> Result<(String, String), BadArgument> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            let name = name.trim().trim_start_matches([':', '@', '$', '?']);
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(BadArgument::new("应为 名称=值 的形式", "it has the form name=value")),
    }
}

/// Asks, and prints the rows.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let sql = statement(arguments)?;
    check_parameters(&arguments.parameters)?;
    let tenants = tenant::several(&arguments.tenants, environment)?;
    let format = Format::or_default(arguments.format, environment);
    let default = if format == Format::Table { TABLE_ROWS } else { 0 };
    let limit = Some(arguments.limit_rows.unwrap_or(default)).filter(|rows| *rows > 0);
    let mut answer = Answer::new(format, limit, tenants.named, environment);
    let (mut worst, mut snapshots, mut failed) = (Exit::Done, Vec::new(), Vec::new());
    for tenant in &tenants.list {
        answer.begin(&tenant.name);
        let says_which = |snapshot: &SnapshotInfo| {
            let named = tenants.named.then_some(tenant);
            say_which(arguments.as_of, snapshot, named, environment);
        };
        match ask(tenant, &sql, arguments, says_which, &mut answer) {
            Ok(snapshot) => snapshots.push(json!({
                "tenant": tenant.name,
                "business_date": snapshot.date.to_string(),
                "run": snapshot.run.0,
            })),
            Err(Unanswered::ReaderGone) => return Ok(worst),
            Err(Unanswered::Failed(failure)) if !tenants.named => return Err(failure),
            Err(Unanswered::Failed(failure)) => {
                let Message { zh, en } = &failure.message;
                output::warn(environment, &tenant.says(&failure.message));
                failed.push(json!({ "tenant": tenant.name, "zh": zh, "en": en }));
                worst = worst.max(failure.exit);
            }
        }
        if answer.is_cut() {
            break;
        }
    }
    let cut = answer.is_cut().then(|| formatting::grouped(answer.rows()));
    let more = [
        ("cut", Value::from(cut.is_some())),
        ("snapshots", Value::from(snapshots)),
        ("failed", Value::from(failed)),
    ];
    let more: Map<String, Value> =
        more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match answer.finish(more) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::usage(StatementError::Write(error).message()));
        }
        _ => {}
    }
    if let Some(rows) = cut {
        output::warn(
            environment,
            &Message::new(
                format!("只显示前 {rows} 行，还有更多；用 --limit-rows 放宽（0 为全部）"),
                format!(
                    "these are the first {rows} rows and there are more; have more with --limit-rows (0: all)"
                ),
            ),
        );
    }
    Ok(worst)
}

/// Why a tenant gave no answer.
enum Unanswered {
    /// Nobody reads the answer any more.
    ReaderGone,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Unanswered {
    fn from(error: E) -> Unanswered {
        Unanswered::Failed(error.into())
    }
}

fn ask(
    tenant: &Tenant,
    sql: &str,
    arguments: &Arguments,
    says_which: impl FnOnce(&SnapshotInfo),
    answer: &mut Answer,
) -> Result<SnapshotInfo, Unanswered> {
    let mut reader = Reader::open_existing(&tenant.database)?;
    let snapshot = reader.show_date(arguments.as_of)?;
    says_which(&snapshot);
    let limit = Duration::from_secs(arguments.limit_time);
    let start = Instant::now();
    let is_over = move || start.elapsed() >= limit;
    let is_over = (!limit.is_zero()).then(|| Box::new(is_over) as Box<dyn FnMut() -> bool + Send>);
    let answered = reader.tables_of(sql).and_then(|tables| {
        dated::fill_trees(&mut reader, &tables)?;
        let question = Question { sql, parameters: &arguments.parameters };
        reader.ask(&question, is_over, answer)
    });
    match answered {
        Ok(()) => Ok(snapshot),
        Err(StatementError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(Unanswered::ReaderGone)
        }
        Err(StatementError::Store(error)) => Err(error.into()),
        Err(StatementError::Write(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Unanswered::Failed(Failure::usage(Message::new(
                format!("列与前面的租户不同（{error}）；请在 select 中写出列名"),
                format!(
                    "its columns are not those of the tenants before it ({error}); name the columns in the select"
                ),
            ))))
        }
        Err(error) => Err(Unanswered::Failed(Failure::usage(error.message()))),
    }
}

/// Refuses two values for one parameter.
fn check_parameters(given: &[(String, String)]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match given.iter().find(|(name, _)| !seen.insert(name)) {
        Some((name, _)) => Err(Failure::usage(Message::new(
            format!("参数 {name} 给了不止一个值；--param {name}=值 只能写一次"),
            format!("the parameter {name} has more than one value; give --param {name}=VALUE once"),
        ))),
        None => Ok(()),
    }
}

/// Says which snapshot is shown where the date asked for has none of its own, and of which tenant where there may be
/// several.
pub(super) fn say_which(
    asked: Option<NaiveDate>,
    snapshot: &SnapshotInfo,
    tenant: Option<&Tenant>,
    environment: &Environment,
) {
    let date = snapshot.date;
    if let Some(asked) = asked.filter(|asked| *asked != date) {
        let message = Message::new(
            format!("{asked} 没有自己的快照，当日有效的是 {date} 的快照"),
            format!("{asked} has no snapshot of its own; that of {date} is in force on it"),
        );
        output::note(environment, &tenant.map_or(message.clone(), |tenant| tenant.says(&message)));
    }
}

fn statement(arguments: &Arguments) -> Result<String, Failure> {
    let unreadable = |what: String, error: &io::Error| {
        let Message { zh, en } = system_reason(error);
        Failure::usage(Message::new(
            format!("无法读取语句 {what}：{zh}；请检查文件路径和编码（UTF-8）"),
            format!(
                "the statement {what} cannot be read: {en}; check its path and its encoding (UTF-8)"
            ),
        ))
    };
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| unreadable(path.display().to_string(), &error))
    };
    match (&arguments.file, arguments.statement.as_deref()) {
        (Some(path), _) => read(path),
        (None, Some("-")) => {
            let mut text = String::new();
            io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(|error| unreadable("-".to_owned(), &error))?;
            Ok(text)
        }
        (None, text) => Ok(text.unwrap_or_default().to_owned()),
    }
}
