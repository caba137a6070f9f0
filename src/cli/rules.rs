//! `orgsnap rules`: the catalogue, or the page of one rule.

use clap::Args;
use orgsnap::model::{Message, RuleMeta};
use orgsnap::report::{Column, formatting, rule_page, table, wrap};
use orgsnap::rules::{self, CATALOGUE, Rule};
use serde::Serialize;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// List the rules, or show the page of one
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Code or name of a rule, such as X409 or unknown-recruiter
    #[arg(value_name = "CODE")]
    rule: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    code: &'a str,
    name: &'a str,
    level: &'a str,
    floor: &'a str,
    disposition: &'a str,
    summary: Text<'a>,
    docs: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    zh: &'a str,
    en: &'a str,
}

/// Shows the catalogue or one page of it.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let text = match &arguments.rule {
        None if arguments.json => {
            let all: Vec<Document<'_>> =
                CATALOGUE.iter().map(|rule| document(&rule.meta)).collect();
            format!("{}\n", serde_json::to_string_pretty(&all)?)
        }
        None => list(environment),
        Some(wanted) => {
            let rule = rules::find(wanted).ok_or_else(|| unknown(wanted))?;
            if arguments.json {
                format!("{}\n", serde_json::to_string_pretty(&document(&rule.meta))?)
            } else {
                page(&rule.meta, environment)
            }
        }
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn document(meta: &RuleMeta) -> Document<'_> {
    let text = |message| {
        let Message { zh, en }: &Message = message;
        Text { zh, en }
    };
    Document {
        code: meta.code,
        name: meta.name,
        level: meta.level.name(),
        floor: meta.floor.name(),
        disposition: meta.disposition.name(),
        summary: text(&meta.summary),
        docs: text(&meta.docs),
    }
}

/// The rule of a code or a name.
///
/// # Errors
/// If there is none, with the one that looks like it.
pub(super) fn known(wanted: &str) -> Result<&'static Rule, Failure> {
    rules::find(wanted).ok_or_else(|| unknown(wanted))
}

/// No such rule; names the one that looks like it.
fn unknown(wanted: &str) -> Failure {
    let alike = |known: &str| strsim::jaro_winkler(&wanted.to_lowercase(), &known.to_lowercase());
    let nearest = CATALOGUE
        .iter()
        .flat_map(|rule| [rule.meta.code, rule.meta.name])
        .map(|known| (alike(known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (zh, en) = match nearest {
        Some((_, known)) => (format!("是否应为 {known}？"), format!("did you mean {known}?")),
        None => {
            let all = "orgsnap rules";
            (format!("执行 {all} 可列出全部规则"), format!("{all} lists all of them"))
        }
    };
    Failure::usage(Message::new(
        format!("没有规则 {wanted}；{zh}"),
        format!("there is no rule {wanted}; {en}"),
    ))
}

fn list(environment: &Environment) -> String {
    let language = environment.language;
    let header = language.choose(
        ["代码", "级别", "处置", "名称", "说明"],
        ["code", "level", "disposition", "name", "summary"],
    );
    let rows: Vec<Vec<String>> = CATALOGUE
        .iter()
        .map(|rule| {
            let meta = &rule.meta;
            vec![
                meta.code.to_owned(),
                formatting::level(language, meta.level).to_owned(),
                formatting::disposition_word(language, meta.disposition).to_owned(),
                meta.name.to_owned(),
                language.of(&meta.summary).to_owned(),
            ]
        })
        .collect();
    table(&[Column::Text; 5], &header, &rows, 0, environment.width)
}

/// The page of a rule: its Markdown, which reads well as text, wrapped to the width.
fn page(meta: &RuleMeta, environment: &Environment) -> String {
    let text = rule_page::page(environment.language, meta);
    let text = text.strip_prefix("# ").unwrap_or(&text).trim_end();
    wrap(text, environment.width.min(100)).join("\n") + "\n"
}
