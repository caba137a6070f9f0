//! `orgsnap wecom reconcile`: the members compared with the roster.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::Args;
use orgsnap::config::job::Job;
use orgsnap::export::{self, ExportError, Listing, ListingColumn, ListingFormat};
use orgsnap::model::{Cancel, Language, Message};
use orgsnap::pipeline;
use orgsnap::report::{Column, formatting, table, visible};
use orgsnap::store::CellValue;
use orgsnap::wecom::roster::{
    DifferenceKind, DoneCheck, PersonDetail, RosterStore, StoredDifference,
};
use orgsnap::wecom::store::WecomStoreError;
use serde::Serialize;

use crate::cli::alerting::Alerting;
use crate::cli::destination::check_outside_data;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::member_check::MemberCheck;
use crate::cli::{output, tenant};

/// Compare WeCom's members with the newest snapshot and with the callbacks; WeCom is only read
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A job file, or a tenant whose job file is jobs/TENANT.toml
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Show what the last check found, and ask WeCom nothing
    #[arg(long)]
    last: bool,
    /// Take a list that is shorter, or a scope that is narrower than before, for true
    #[arg(long, conflicts_with = "last")]
    accept_smaller: bool,
    /// With those that are over
    #[arg(long)]
    all: bool,
    /// Write the differences to this file as CSV for Excel; they name people
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the differences to this file as a workbook; they name people
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// Replace the files that are there
    #[arg(long)]
    force: bool,
    /// Print the differences, which name people, as JSON
    #[arg(long)]
    json: bool,
}

/// Compares, and shows what differs.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    for out in [&arguments.csv, &arguments.xlsx].into_iter().flatten() {
        check_outside_data(out, environment)?;
        if !arguments.force && out.symlink_metadata().is_ok() {
            return Err(Failure::usage(ExportError::Exists(out.clone()).message()));
        }
    }
    let folder = match arguments.last {
        true => tenant::folder(&arguments.tenant, environment)?,
        false => {
            let job = job(&arguments.tenant, environment)?;
            check(&job, arguments, environment)?;
            environment.data.join(&job.tenant)
        }
    };
    let store = RosterStore::open_existing(&folder)?;
    let (store, last) = match store.map(|store| store.last_done().map(|last| (store, last))) {
        Some(found) => match found? {
            (store, Some(last)) => (store, last),
            (_, None) => return Err(never_checked(&arguments.tenant)),
        },
        None => return Err(never_checked(&arguments.tenant)),
    };
    for (out, format) in
        [(&arguments.csv, ListingFormat::Csv), (&arguments.xlsx, ListingFormat::Xlsx)]
    {
        if let Some(out) = out {
            write(&store, out, format, arguments, environment)?;
        }
    }
    let text = match arguments.json {
        true => document(&store, &last, &folder, arguments.all)?,
        false => drawn(&store, &last, arguments, environment)?,
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// A job whose snapshots are in a file.
fn of_file(job: Job) -> Result<Job, Failure> {
    pipeline::require_file(&job)?;
    Ok(job)
}

/// The job of a tenant, which stands in the usual place if only its id is given.
fn job(tenant_or_job: &str, environment: &Environment) -> Result<Job, Failure> {
    let named = Path::new(tenant_or_job);
    if named.extension().is_some_and(|extension| extension == "toml") {
        return of_file(load(named, environment)?);
    }
    let usual = tenant::usual_job(tenant_or_job);
    if usual.is_file() {
        return of_file(load(&usual, environment)?);
    }
    let usual = usual.display();
    Err(Failure::usage(Message::new(
        format!(
            "没有 {usual}；核对需要任务文件中的 corp_id 和 secret，请写出任务文件的路径（只看上次结果请加 --last）"
        ),
        format!(
            "there is no {usual}: corp_id and secret stand in the job file, so give its path (or --last, for what the last \
             check found)"
        ),
    )))
}

fn check(job: &Job, arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let alerting = Alerting::new(environment);
    alerting.watch(job);
    let check = MemberCheck {
        job,
        data: &environment.data,
        now: environment.now(),
        accept_smaller: arguments.accept_smaller,
        cancel: &Cancel::new(),
    };
    let outcome = check.run(&|event| alerting.report(job, event));
    alerting.finish();
    outcome.map(|_| ())
}

fn never_checked(tenant: &str) -> Failure {
    Failure::usage(Message::new(
        format!("租户 {tenant} 还没有成功核对过；请执行 orgsnap wecom reconcile 任务文件"),
        format!("tenant {tenant} was not checked yet: run orgsnap wecom reconcile JOB"),
    ))
}

/// What ends the writing of a file.
enum WriteError {
    Export(ExportError),
    Store(WecomStoreError),
}

impl From<ExportError> for WriteError {
    fn from(error: ExportError) -> WriteError {
        WriteError::Export(error)
    }
}

impl From<WecomStoreError> for WriteError {
    fn from(error: WecomStoreError) -> WriteError {
        WriteError::Store(error)
    }
}

fn write(
    store: &RosterStore,
    out: &Path,
    format: ListingFormat,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(), Failure> {
    let language = environment.language;
    let column = |name: &'static str, zh: &'static str, en: &'static str, is_date| ListingColumn {
        name,
        title: language.choose(zh, en).to_owned(),
        is_date,
    };
    let columns = [
        column("kind", "类别", "kind", false),
        column("meaning", "说明", "meaning", false),
        column("user_id", "成员账号", "user id", false),
        column("feed", "人员类别", "feed", false),
        column("person_id", "代理人 id 或内勤工号", "agent or staff id", false),
        column("person_name", "姓名", "name", false),
        column("organ_name", "机构", "organisation", false),
        column("team_name", "团队", "team", false),
        column("leave_date", "离职日期", "left on", true),
        column("first_day", "首次发现", "first found", true),
        column("last_day", "最后一次发现", "last found", true),
    ];
    let listing = Listing {
        title: language.choose("成员差异", "members"),
        columns: &columns,
        out,
        format,
        force: arguments.force,
    };
    let written = export::write_listing(&listing, |write| {
        store.differences(arguments.all, |row| {
            let cell = |text: Option<&'_ str>| {
                text.map_or(CellValue::Null, |text| CellValue::Text(Cow::Owned(text.to_owned())))
            };
            let difference = &row.difference;
            let person = difference.person.as_ref();
            let meaning = difference.kind.title();
            write(&[
                cell(Some(difference.kind.name())),
                cell(Some(language.of(&meaning))),
                cell(difference.user_id.as_deref()),
                cell(person.map(|person| person.feed.name())),
                cell(person.map(|person| person.id.as_str())),
                cell(person.and_then(|person| person.name.as_deref())),
                cell(person.and_then(|person| person.organ_name.as_deref())),
                cell(person.and_then(|person| person.team_name.as_deref())),
                cell(person.and_then(|person| person.leave_date.as_deref())),
                cell(Some(&row.first_day)),
                cell(row.last_day.as_deref()),
            ])?;
            Ok::<(), WriteError>(())
        })
    });
    written.map(|_| ()).map_err(|error| match error {
        WriteError::Export(error) => Failure::usage(error.message()),
        WriteError::Store(error) => error.into(),
    })
}

#[derive(Serialize)]
struct Document<'d> {
    tenant: &'d str,
    day: String,
    started_at: &'d str,
    snapshot_date: &'d str,
    members: u64,
    opened: u64,
    closed: u64,
    open: u64,
    kinds: Vec<KindDocument>,
    differences: Vec<DifferenceDocument>,
}

#[derive(Serialize)]
struct KindDocument {
    kind: &'static str,
    open: u64,
    new: u64,
}

#[derive(Serialize)]
struct DifferenceDocument {
    kind: &'static str,
    user_id: Option<String>,
    feed: Option<&'static str>,
    person_id: Option<String>,
    person_name: Option<String>,
    organ_name: Option<String>,
    team_name: Option<String>,
    leave_date: Option<String>,
    first_day: String,
    last_day: Option<String>,
}

impl From<StoredDifference> for DifferenceDocument {
    fn from(row: StoredDifference) -> DifferenceDocument {
        let person = row.difference.person;
        let of = |text: fn(&PersonDetail) -> Option<String>| person.as_ref().and_then(text);
        DifferenceDocument {
            kind: row.difference.kind.name(),
            user_id: row.difference.user_id,
            feed: person.as_ref().map(|person| person.feed.name()),
            person_id: of(|person| Some(person.id.clone())),
            person_name: of(|person| person.name.clone()),
            organ_name: of(|person| person.organ_name.clone()),
            team_name: of(|person| person.team_name.clone()),
            leave_date: of(|person| person.leave_date.clone()),
            first_day: row.first_day,
            last_day: row.last_day,
        }
    }
}

/// The kinds with the number of open differences, and of those that are new on the day of the check.
fn counts(
    store: &RosterStore,
    last: &DoneCheck,
) -> Result<Vec<(DifferenceKind, u64, u64)>, Failure> {
    let (open, new) = (store.open_counts()?, store.new_counts(last.day)?);
    Ok(open.into_iter().zip(new).map(|((kind, open), (_, new))| (kind, open, new)).collect())
}

fn document(
    store: &RosterStore,
    last: &DoneCheck,
    folder: &Path,
    all: bool,
) -> Result<String, Failure> {
    let mut differences = Vec::new();
    store.differences(all, |row| {
        differences.push(DifferenceDocument::from(row));
        Ok::<(), WecomStoreError>(())
    })?;
    let kind = |(kind, open, new): (DifferenceKind, u64, u64)| KindDocument {
        kind: kind.name(),
        open,
        new,
    };
    let document = Document {
        tenant: &folder.file_name().unwrap_or_default().to_string_lossy(),
        day: last.day.to_string(),
        started_at: &last.started_at,
        snapshot_date: &last.snapshot_date,
        members: last.scope.members,
        opened: last.changed.opened,
        closed: last.changed.closed,
        open: last.changed.open,
        kinds: counts(store, last)?.into_iter().map(kind).collect(),
        differences,
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

/// Ids that are shown of each kind.
const MOST_SHOWN: usize = 3;

/// Counts and some ids; no names.
fn drawn(
    store: &RosterStore,
    last: &DoneCheck,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<String, Failure> {
    let language = environment.language;
    let (day, snapshot) = (last.day, &last.snapshot_date);
    let members = last.scope.members;
    let en_members = formatting::count(Language::English, members, "", "member", "members");
    let members = formatting::grouped(members);
    let mut text = language.choose(
        format!("{day} 核对：企业微信成员 {members} 人，人员为 {snapshot} 的快照\n\n"),
        format!("checked on {day}: {en_members} of WeCom, roster of {snapshot}\n\n"),
    );
    let counts = counts(store, last)?;
    let mut shown: Vec<Vec<String>> = vec![Vec::new(); counts.len()];
    store.differences(false, |row| {
        let at = counts.iter().position(|(kind, ..)| *kind == row.difference.kind);
        if let Some(ids) = at.and_then(|at| shown.get_mut(at))
            && ids.len() < MOST_SHOWN
        {
            let id = row.difference.public_id();
            ids.push(visible(id).into_owned());
        }
        Ok::<(), WecomStoreError>(())
    })?;
    let header = language
        .choose(["差异", "未解决", "当日新增", "示例"], ["difference", "open", "new", "such as"]);
    let rows: Vec<Vec<String>> = counts
        .iter()
        .zip(&shown)
        .map(|((kind, open, new), ids)| {
            let title = kind.title();
            let ids = ids.join(language.choose("、", ", "));
            vec![
                language.of(&title).to_owned(),
                formatting::grouped(*open),
                formatting::grouped(*new),
                ids,
            ]
        })
        .collect();
    let columns = [Column::Text, Column::Number, Column::Number, Column::Text];
    text.push_str(&table(&columns, &header, &rows, 0, environment.width));
    let [opened, closed] = [last.changed.opened, last.changed.closed].map(formatting::grouped);
    text.push_str(&language.choose(
        format!("\n本次新增 {opened} 条，消除 {closed} 条\n"),
        format!("\n{opened} new and {closed} over in this check\n"),
    ));
    for out in [&arguments.csv, &arguments.xlsx].into_iter().flatten() {
        let out = out.display();
        text.push_str(&language.choose(format!("清单：{out}\n"), format!("the list: {out}\n")));
    }
    Ok(text)
}
