//! `orgsnap findings`: the findings of a published date: open, new or mended.

use chrono::NaiveDate;
use clap::Args;
use orgsnap::model::{Level, ListedFinding, Message};
use orgsnap::report::mask_recorded::mask_listed;
use orgsnap::report::{Column, csv, formatting, table, visible};
use orgsnap::store::{FindingList, FindingQuery, Reader, Standing};
use serde::Serialize;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{argument, output, rules, tenant};

/// Findings that a terminal shows unless told otherwise.
const SHOWN: usize = 100;

/// List the findings of the newest published date: open, new or mended
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// All that are there (the default)
    #[arg(long, conflicts_with_all = ["new", "mended"])]
    open: bool,
    /// Those that are there for the first time
    #[arg(long, conflicts_with = "mended")]
    new: bool,
    /// Those of the published date before that are gone
    #[arg(long)]
    mended: bool,
    /// Those of one rule (code or name)
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// The newest published date that is not after this one [default: the newest of all]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    date: Option<NaiveDate>,
    /// At most so many [default: 100; all with --json and --csv]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print as a table for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    list: &'static str,
    business_date: String,
    previous_date: Option<String>,
    total: u64,
    /// By code.
    not_kept: &'a std::collections::BTreeMap<String, u64>,
    /// By code.
    unsettled: &'a std::collections::BTreeMap<String, u64>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    level: &'a str,
    disposition: &'a str,
    feed: &'a str,
    file: Option<&'a str>,
    line: Option<u64>,
    key: Option<&'a str>,
    field: Option<&'a str>,
    value: Option<&'a str>,
    message: Text<'a>,
    affected: u64,
    first_seen: Option<&'a str>,
    deliveries: Option<u64>,
}

#[derive(Serialize)]
struct Text<'a> {
    zh: &'a str,
    en: &'a str,
}

impl Arguments {
    fn standing(&self) -> Standing {
        match (self.new, self.mended) {
            (true, _) => Standing::New,
            (_, true) => Standing::Mended,
            (false, false) => Standing::Open,
        }
    }
}

/// Lists the findings.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let code = arguments.code.as_deref().map(rules::known).transpose()?;
    let job = tenant::job(&arguments.tenant, environment)?;
    let database = match &job {
        Some(job) => tenant::database_of(job, environment)?,
        None => tenant::database(&arguments.tenant, environment)?,
    };
    let reader = Reader::open_existing(&database)?;
    let whole = arguments.json || arguments.csv;
    let query = FindingQuery {
        standing: arguments.standing(),
        code: code.map(|rule| rule.meta.code),
        date: arguments.date,
        limit: arguments.limit.unwrap_or(if whole { usize::MAX } else { SHOWN }),
    };
    let Some(mut list) = reader.findings(query)? else {
        return Err(nothing_published(arguments.date));
    };
    // Only a job can say that names are shown.
    if job.is_none_or(|job| job.report.mask_names) {
        list.findings.iter_mut().for_each(mask_listed);
    }
    if arguments.csv {
        let table = spreadsheet(&list, environment).map_err(|error| {
            Failure::internal(Message::new(
                format!("无法生成 CSV：{error}；请反馈给开发者"),
                format!("the CSV could not be made: {error}; please report this"),
            ))
        })?;
        output::print(&String::from_utf8_lossy(&table))?;
        return Ok(Exit::Done);
    }
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string_pretty(&document(query.standing, &list))?),
        false => drawn(query.standing, &list, environment),
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn nothing_published(date: Option<NaiveDate>) -> Failure {
    let message = match date {
        Some(date) => Message::new(
            format!("{date} 及之前尚未发布任何快照；请用 orgsnap runs 查看已发布的业务日期"),
            format!("no snapshot of {date} or before is published; orgsnap runs lists the dates"),
        ),
        None => Message::fixed(
            "尚未发布任何快照；请用 orgsnap runs 查看运行结论，处理后重新导入",
            "no snapshot is published yet; see the verdicts in orgsnap runs, and import the corrected delivery",
        ),
    };
    Failure::usage(message)
}

fn document(standing: Standing, list: &FindingList) -> Document<'_> {
    Document {
        list: match standing {
            Standing::Open => "open",
            Standing::New => "new",
            Standing::Mended => "mended",
        },
        business_date: list.date.to_string(),
        previous_date: list.previous_date.map(|date| date.to_string()),
        total: list.total,
        not_kept: &list.not_kept,
        unsettled: &list.unsettled,
        findings: list.findings.iter().map(finding).collect(),
    }
}

fn finding(finding: &ListedFinding) -> Finding<'_> {
    Finding {
        code: &finding.code,
        name: &finding.name,
        level: &finding.level,
        disposition: &finding.disposition,
        feed: &finding.feed,
        file: finding.file.as_deref(),
        line: finding.line,
        key: finding.key.as_deref(),
        field: finding.field.as_deref(),
        value: finding.value.as_deref(),
        message: Text { zh: &finding.message.zh, en: &finding.message.en },
        affected: finding.affected,
        first_seen: finding.first_seen.as_deref(),
        deliveries: finding.deliveries,
    }
}

fn level<'a>(finding: &'a ListedFinding, environment: &Environment) -> &'a str {
    let known = Level::from_name(&finding.level);
    known.map_or(&finding.level, |level| formatting::level(environment.language, level))
}

fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn spreadsheet(list: &FindingList, environment: &Environment) -> Result<Vec<u8>, ::csv::Error> {
    let language = environment.language;
    let headings = language.choose(
        [
            "代码",
            "名称",
            "级别",
            "处置",
            "文件",
            "行号",
            "主键",
            "字段",
            "值",
            "首次出现",
            "连续批次数",
            "说明",
        ],
        [
            "code",
            "name",
            "level",
            "disposition",
            "file",
            "line",
            "key",
            "field",
            "value",
            "first seen",
            "deliveries",
            "message",
        ],
    );
    let text = |text: &Option<String>| csv::as_text(text.as_deref().unwrap_or_default());
    let rows = list.findings.iter().map(|finding| {
        [
            finding.code.clone(),
            finding.name.clone(),
            level(finding, environment).to_owned(),
            finding.disposition.clone(),
            csv::as_text(finding.file.as_deref().unwrap_or(&finding.feed)),
            number(finding.line),
            text(&finding.key),
            text(&finding.field),
            text(&finding.value),
            finding.first_seen.clone().unwrap_or_default(),
            number(finding.deliveries),
            csv::as_text(language.of(&finding.message)),
        ]
    });
    csv::table(headings, rows)
}

fn drawn(standing: Standing, list: &FindingList, environment: &Environment) -> String {
    let language = environment.language;
    let total = formatting::grouped(list.total);
    let date = list.date;
    let before = list.previous_date.map(|date| date.to_string()).unwrap_or_default();
    let title =
        match standing {
            Standing::Open => language
                .choose(format!("{date} 现有问题 {total} 处"), format!("{date}: {total} open")),
            Standing::New => language
                .choose(format!("{date} 新出现问题 {total} 处"), format!("{date}: {total} new")),
            Standing::Mended => language.choose(
                format!("{date} 与 {before} 相比，已整改 {total} 处"),
                format!("{date}, compared with {before}: {total} mended"),
            ),
        };
    let mut text = format!("{title}\n");
    if !list.findings.is_empty() {
        let header = language.choose(
            ["代码", "级别", "自", "批次", "位置", "主键", "说明"],
            ["code", "level", "since", "deliveries", "place", "key", "message"],
        );
        let row = |finding: &ListedFinding| {
            let file = visible(finding.file.as_deref().unwrap_or(&finding.feed));
            let place = match finding.line {
                Some(line) => format!("{file}:{line}"),
                None => file.into_owned(),
            };
            vec![
                finding.code.clone(),
                level(finding, environment).to_owned(),
                finding.first_seen.clone().unwrap_or_else(|| "?".to_owned()),
                finding.deliveries.map_or_else(|| "?".to_owned(), formatting::grouped),
                place,
                visible(finding.key.as_deref().unwrap_or_default()).into_owned(),
                visible(language.of(&finding.message)).into_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = list.findings.iter().map(row).collect();
        let mut columns = [Column::Text; 7];
        columns[3] = Column::Number;
        text.push_str(&table(&columns, &header, &rows, 0, environment.width));
    }
    let omitted = list.total.saturating_sub(list.findings.len() as u64);
    if omitted > 0 {
        let omitted = formatting::grouped(omitted);
        text.push_str(&language.choose(
            format!("另有 {omitted} 处未显示；可用 --limit 调整，或用 --csv 导出全部\n"),
            format!("{omitted} more not shown; see --limit, or have all with --csv\n"),
        ));
    }
    for (code, more) in &list.not_kept {
        let more = formatting::grouped(*more);
        text.push_str(&language.choose(
            format!("{code} 另有 {more} 处未逐条保存\n"),
            format!("{code}: {more} more were counted and not kept\n"),
        ));
    }
    for (code, unsettled) in &list.unsettled {
        let unsettled = formatting::grouped(*unsettled);
        text.push_str(&language.choose(
            format!("{code} 有 {unsettled} 处本次未核对（规则未执行或问题过多），不计为已整改\n"),
            format!(
                "{code}: {unsettled} were not looked at this time (rule not run, or too many findings) and do not \
                 count as mended\n"
            ),
        ));
    }
    text
}
