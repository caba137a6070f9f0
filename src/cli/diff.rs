//! `orgsnap diff`: what differs between two dates.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::Args;
use orgsnap::config::schema::NameColumns;
use orgsnap::model::{Feed, Message};
use orgsnap::report::mask::masked;
use orgsnap::report::{Column, Language, formatting, table, visible};
use orgsnap::store::{Change, ChangedRecord, ColumnChange, Difference, Reader};
use orgsnap::{dated, pipeline};
use serde::Serialize;

use super::answer::Format;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::sql::say_which;
use super::tenant::{self, Tenant};
use super::{argument, output};

/// Records that a table shows unless told otherwise.
const SHOWN: usize = 100;

/// Show what differs between two dates: moved organisations and teams, then people and other changes
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The earlier date: the newest published date that is not after it
    #[arg(value_name = "DATE1", value_parser = argument::date)]
    from: NaiveDate,
    /// The later date
    #[arg(value_name = "DATE2", value_parser = argument::date)]
    to: NaiveDate,
    /// A tenant or its job file, several times if need be, or all; not needed where there is only one
    #[arg(long = "tenant", value_name = "TENANT|JOB|all")]
    tenants: Vec<String>,
    /// table, csv or json [default: table on a terminal, csv elsewhere]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// At most so many records of a table, 0 for all
    #[arg(long, value_name = "N", default_value_t = SHOWN)]
    limit: usize,
    /// Mask names of people
    #[arg(long)]
    mask: bool,
}

#[derive(Serialize)]
struct Document {
    tenants: Vec<TenantDocument>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    tenant: String,
    zh: String,
    en: String,
}

#[derive(Serialize)]
struct TenantDocument {
    tenant: String,
    from: String,
    to: String,
    counts: Vec<Count>,
    moved_along: BTreeMap<&'static str, u64>,
    records: Vec<Record>,
}

#[derive(Serialize)]
struct Count {
    feed: &'static str,
    change: &'static str,
    records: u64,
}

#[derive(Serialize)]
struct Record {
    feed: &'static str,
    id: String,
    name: Option<String>,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents_below: Option<u64>,
    columns: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    column: String,
    from: Option<String>,
    to: Option<String>,
}

/// Compares, tenant by tenant.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    if arguments.from > arguments.to {
        let (from, to) = (arguments.from, arguments.to);
        return Err(Failure::usage(Message::new(
            format!("{from} 晚于 {to}；请先写较早的日期"),
            format!("{from} is after {to}; write the earlier date first"),
        )));
    }
    let tenants = tenant::several(&arguments.tenants, environment)?;
    let format = Format::or_default(arguments.format, environment);
    let (mut worst, mut compared, mut failed) = (Exit::Done, Vec::new(), Vec::new());
    for tenant in &tenants.list {
        match compare(tenant, tenants.named, arguments, environment) {
            Ok(difference) => compared.push((tenant.name.as_str(), difference)),
            Err(failure) if !tenants.named => return Err(failure),
            Err(failure) => {
                output::warn(environment, &tenant.says(&failure.message));
                let Message { zh, en } = failure.message;
                let (zh, en) = (zh.into_owned(), en.into_owned());
                failed.push(Failed { tenant: tenant.name.clone(), zh, en });
                worst = worst.max(failure.exit);
            }
        }
    }
    let text = match format {
        Format::Json => {
            let document = |(tenant, difference): &(&str, Difference)| document(tenant, difference);
            let tenants = compared.iter().map(document).collect();
            format!("{}\n", serde_json::to_string_pretty(&Document { tenants, failed })?)
        }
        Format::Csv => spreadsheet(&compared, tenants.named).map_err(|error| {
            Failure::internal(Message::new(
                format!("无法生成 CSV：{error}；请反馈给开发者"),
                format!("the CSV could not be made: {error}; please report this"),
            ))
        })?,
        Format::Table => {
            let mut text = String::new();
            for (tenant, difference) in &compared {
                let tenant = tenants.named.then_some(*tenant);
                text.push_str(&drawn(tenant, difference, arguments.limit, environment));
            }
            text
        }
    };
    output::print(&text)?;
    Ok(worst)
}

fn compare(
    tenant: &Tenant,
    is_named: bool,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<Difference, Failure> {
    let schema = pipeline::schema_of(tenant.job.as_ref())?;
    let mut reader = Reader::open_existing(&tenant.database)?;
    let mut difference = dated::difference(&mut reader, arguments.from, arguments.to, &schema)?;
    let named = is_named.then_some(tenant);
    say_which(Some(arguments.from), &difference.from, named, environment);
    say_which(Some(arguments.to), &difference.to, named, environment);
    if arguments.mask {
        let columns = NameColumns::of(&schema);
        difference.records.iter_mut().for_each(|record| mask(record, &columns, &reader));
    }
    Ok(difference)
}

/// Masks the names of people in a record.
fn mask(record: &mut ChangedRecord, columns: &NameColumns, reader: &Reader) {
    let feed = record.feed;
    let hide = |column: &str, text: &mut Option<String>| {
        let is_key = |key: &str| reader.is_key(key);
        if let Some(text) = text.as_mut().filter(|text| columns.hides(feed, column, text, is_key)) {
            *text = masked(text);
        }
    };
    if matches!(feed, Feed::Agent | Feed::Principal) {
        record.name = record.name.as_deref().map(masked);
    }
    for ColumnChange { column, from, to } in &mut record.columns {
        hide(column, from);
        hide(column, to);
    }
}

fn counts(difference: &Difference) -> BTreeMap<(Feed, Change), u64> {
    let mut counts = BTreeMap::new();
    for record in &difference.records {
        *counts.entry((record.feed, record.change)).or_default() += 1;
    }
    counts
}

fn document(tenant: &str, difference: &Difference) -> TenantDocument {
    let record = |record: &ChangedRecord| Record {
        feed: record.feed.name(),
        id: record.id.clone(),
        name: record.name.clone(),
        change: record.change.name(),
        agents_below: record.agents_below,
        columns: record
            .columns
            .iter()
            .map(|ColumnChange { column, from, to }| Changed {
                column: column.clone(),
                from: from.clone(),
                to: to.clone(),
            })
            .collect(),
    };
    TenantDocument {
        tenant: tenant.to_owned(),
        from: difference.from.date.to_string(),
        to: difference.to.date.to_string(),
        counts: counts(difference)
            .into_iter()
            .map(|((feed, change), records)| Count {
                feed: feed.name(),
                change: change.name(),
                records,
            })
            .collect(),
        moved_along: difference.moved_along.iter().map(|(f, n)| (f.name(), *n)).collect(),
        records: difference.records.iter().map(record).collect(),
    }
}

/// One row a column that differs; a record without any has one row.
fn spreadsheet(
    compared: &[(&str, Difference)],
    has_tenant: bool,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let tenant = |name: &'static str| has_tenant.then_some(name);
    let head = ["feed", "id", "name", "change", "column", "from", "to", "agents_below"];
    writer.write_record(tenant("tenant").into_iter().chain(head))?;
    for (tenant, difference) in compared {
        for record in &difference.records {
            let none = ColumnChange { column: String::new(), from: None, to: None };
            let none = record.columns.is_empty().then_some(none);
            for change in record.columns.iter().chain(&none) {
                let below = record.agents_below.map(|n| n.to_string()).unwrap_or_default();
                let cells = [
                    record.feed.name(),
                    &record.id,
                    record.name.as_deref().unwrap_or_default(),
                    record.change.name(),
                    &change.column,
                    change.from.as_deref().unwrap_or_default(),
                    change.to.as_deref().unwrap_or_default(),
                    &below,
                ];
                writer.write_record(has_tenant.then_some(*tenant).into_iter().chain(cells))?;
            }
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn title(feed: Feed, language: Language) -> &'static str {
    match feed {
        Feed::Organ => language.choose("机构", "organisations"),
        Feed::Node => language.choose("团队", "teams"),
        Feed::Agent => language.choose("代理人", "agents"),
        Feed::Principal => language.choose("内勤人员", "office staff"),
    }
}

fn word(change: Change, language: Language) -> &'static str {
    match change {
        Change::Entered => language.choose("新增", "entered"),
        Change::Back => language.choose("恢复", "back"),
        Change::Gone => language.choose("不再提供", "gone"),
        Change::Left => language.choose("离职或停用", "left"),
        Change::Moved => language.choose("归属变更", "moved"),
        Change::Regraded => language.choose("职级变动", "regraded"),
        Change::Changed => language.choose("其他变更", "changed"),
    }
}

fn drawn(
    tenant: Option<&str>,
    difference: &Difference,
    limit: usize,
    environment: &Environment,
) -> String {
    let language = environment.language;
    let (from, to) = (difference.from.date, difference.to.date);
    let tenant = tenant.map(|tenant| format!("{tenant}  ")).unwrap_or_default();
    let mut text = format!("{tenant}{from} -> {to}\n");
    if difference.records.is_empty() && difference.moved_along.is_empty() {
        text.push_str(language.choose("没有变化\n", "nothing differs\n"));
        return text;
    }
    let counts = counts(difference);
    let feeds = [Feed::Organ, Feed::Node, Feed::Agent, Feed::Principal];
    let header: Vec<&str> =
        [""].into_iter().chain(Change::ALL.map(|change| word(change, language))).collect();
    let row = |feed: Feed| {
        let count = |change| counts.get(&(feed, change)).copied().unwrap_or_default();
        let numbers = Change::ALL.map(|change| formatting::grouped(count(change)));
        [vec![title(feed, language).to_owned()], numbers.to_vec()].concat()
    };
    let mut kinds = [Column::Number; 8];
    kinds[0] = Column::Text;
    text.push_str(&table(&kinds, &header, &feeds.map(row), 0, environment.table_width()));
    for (feed, along) in &difference.moved_along {
        let (what, along) = (title(*feed, language), formatting::grouped(*along));
        text.push_str(&language.choose(
            format!("另有 {along} 条{what}记录只是随所在团队变更机构\n"),
            format!(
                "{along} more {what} belong to another organisation only because their team does\n"
            ),
        ));
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let rows: Vec<Vec<String>> =
        difference.records.iter().take(limit).map(|record| line(record, language)).collect();
    if !rows.is_empty() {
        let header = language
            .choose(["", "编号", "名称", "变化", "内容"], ["", "id", "name", "change", "what"]);
        text.push('\n');
        text.push_str(&table(&[Column::Text; 5], &header, &rows, 0, environment.table_width()));
    }
    let omitted = difference.records.len().saturating_sub(limit);
    if omitted > 0 {
        let omitted = formatting::grouped(omitted as u64);
        text.push_str(&language.choose(
            format!("另有 {omitted} 条未显示；可用 --limit 调整，或用 --format csv 输出全部\n"),
            format!("{omitted} more not shown; see --limit, or have all with --format csv\n"),
        ));
    }
    text
}

fn line(record: &ChangedRecord, language: Language) -> Vec<String> {
    let value = |value: &Option<String>| visible(value.as_deref().unwrap_or("-")).into_owned();
    let changes: Vec<String> = record
        .columns
        .iter()
        .map(|change| {
            let (from, to) = (value(&change.from), value(&change.to));
            match record.change {
                // There is nothing on the other side.
                Change::Gone => format!("{} {from}", change.column),
                Change::Entered => format!("{} {to}", change.column),
                _ => format!("{} {from} -> {to}", change.column),
            }
        })
        .collect();
    let mut what = changes.join(language.choose("；", "; "));
    if let Some(below) = record.agents_below {
        let below = formatting::count(language, below, "人", "agent", "agents");
        what.push_str(
            &language.choose(format!("（含下级 {below}）"), format!(" ({below} in it and below)")),
        );
    }
    vec![
        title(record.feed, language).to_owned(),
        visible(&record.id).into_owned(),
        visible(record.name.as_deref().unwrap_or_default()).into_owned(),
        word(record.change, language).to_owned(),
        what,
    ]
}
