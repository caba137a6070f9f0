//! `orgsnap lake export`: brings the lake up to date.

use clap::Args;
use orgsnap::lake::{self, ExportedDate, Form, Outcome};
use orgsnap::report::Language;
use orgsnap::report::formatting;

use super::place::{self, Place};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Export what the lake does not have as the database has it: new, corrected, back-dated and retracted dates
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Tenants or their job files, or all; not needed where there is only one
    #[arg(value_name = "TENANT|JOB|all")]
    tenants: Vec<String>,
    /// As the names before; several times if need be
    #[arg(long = "tenant", value_name = "TENANT|JOB|all")]
    more: Vec<String>,
    /// The folder of the lake, or s3://bucket/prefix [default: that of the job]
    #[arg(long, value_name = "DIR|URL")]
    lake: Option<String>,
}

/// Exports tenant by tenant; a fault of one does not keep the next from being exported.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let named = [arguments.tenants.clone(), arguments.more.clone()].concat();
    let mut worst = Exit::Done;
    for place in place::of(&named, arguments.lake.as_deref(), environment)? {
        let Place { tenant, schema, lake } = &place;
        let from = lake::Tenant { id: &tenant.name, database: &tenant.database, schema };
        match lake::export(lake, from, environment.now()) {
            Ok(outcome) => output::print(&drawn(&tenant.name, &outcome, environment.language))?,
            Err(error) => {
                let failure = Failure::from(error);
                output::warn(environment, &tenant.says(&failure.message));
                worst = worst.max(failure.exit);
            }
        }
    }
    Ok(worst)
}

fn drawn(tenant: &str, outcome: &Outcome, language: Language) -> String {
    let mut text = String::new();
    for ExportedDate { date, revision, form, rows, bytes } in &outcome.dates {
        let (rows, bytes) = (formatting::grouped(*rows), formatting::grouped(*bytes));
        let line = match (form, language) {
            (Form::Retracted, Language::Chinese) => format!("第 {revision} 版  已撤回"),
            (Form::Retracted, Language::English) => format!("revision {revision}  taken back"),
            (form, Language::Chinese) => {
                let form = if *form == Form::Full { "全量" } else { "增量" };
                format!("第 {revision} 版  {form}  {rows} 行  {bytes} 字节")
            }
            (form, Language::English) => {
                format!("revision {revision}  {}  {rows} rows  {bytes} bytes", form.name())
            }
        };
        text.push_str(&format!("{tenant}  {date}  {line}\n"));
    }
    if outcome.dates.is_empty() {
        text.push_str(&language.choose(
            format!("{tenant}  数据湖已是最新\n"),
            format!("{tenant}  the lake is up to date\n"),
        ));
    }
    if outcome.removed > 0 {
        let removed = outcome.removed;
        text.push_str(&language.choose(
            format!("{tenant}  已清除 {removed} 次中断的导出留下的文件\n"),
            format!("{tenant}  removed what {removed} interrupted exports had left\n"),
        ));
    }
    if outcome.under_way > 0 {
        let under_way = outcome.under_way;
        text.push_str(&language.choose(
            format!("{tenant}  有 {under_way} 次导出未完成：仍在进行或已中断，24 小时后清除其文件，不影响读取\n"),
            format!(
                "{tenant}  {under_way} exports have not published: they are under way or were interrupted; what they left is \
                 removed after 24 hours and is no matter to readers\n"
            ),
        ));
    }
    text
}
