//! `orgsnap explain`: where a record comes from, to the byte, and what became of it.

use std::path::Path;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use orgsnap::model::{Feed, Message};
use orgsnap::pipeline::{self, ExplainRequest, Explained};
use orgsnap::report::{explanation, explanation_json};

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::{argument, output, tenant};

/// Tell where a record comes from, to the byte, and what became of it
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// agent, node, organ or principal
    #[arg(value_name = "FEED")]
    feed: FeedArgument,
    /// The record's id, as text
    id: String,
    /// A tenant or its job file; not needed where there is only one
    #[arg(long, value_name = "TENANT|JOB")]
    tenant: Option<String>,
    /// The newest published date that is not after this one [default: the newest of all]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    as_of: Option<NaiveDate>,
    /// Print all that as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FeedArgument {
    Agent,
    Node,
    Organ,
    Principal,
}

impl FeedArgument {
    fn feed(self) -> Feed {
        match self {
            FeedArgument::Agent => Feed::Agent,
            FeedArgument::Node => Feed::Node,
            FeedArgument::Organ => Feed::Organ,
            FeedArgument::Principal => Feed::Principal,
        }
    }
}

/// Explains the record.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let database = tenant::only_database(arguments.tenant.as_deref(), environment)?;
    let named = arguments.tenant.as_deref().map(Path::new);
    let named = named.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let job = named.map(|path| load(path, environment)).transpose()?;
    let request = ExplainRequest {
        tenant_dir: database.parent().unwrap_or(Path::new("")),
        database: &database,
        job: job.as_ref(),
        feed: arguments.feed.feed(),
        id: &arguments.id,
        date: arguments.as_of,
    };
    let explained = match pipeline::explain(&request)? {
        Explained::Record(explained) => explained,
        Explained::NothingPublished => {
            return Err(Failure::usage(Message::fixed(
                "尚未发布任何快照；请用 orgsnap runs 查看运行结论，处理后重新导入",
                "no snapshot is published yet; see the verdicts in orgsnap runs, and import the corrected delivery",
            )));
        }
        Explained::NotBefore(first) => {
            return Err(Failure::usage(Message::new(
                format!("最早的快照是 {first}；请用 --as-of 指定该日或之后的日期"),
                format!(
                    "the oldest snapshot is of {first}; give that date or a later one with --as-of"
                ),
            )));
        }
        Explained::Unknown { near, feeds } => return Err(unknown(&request, &near, &feeds)),
    };
    let text = match arguments.json {
        true => {
            let document = explanation_json::document(&explained);
            format!("{}\n", serde_json::to_string_pretty(&document)?)
        }
        false => explanation::render(&explained, environment.language, environment.width),
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// No delivery has had the id; names those that look like it.
fn unknown(request: &ExplainRequest<'_>, near: &[String], feeds: &[Feed]) -> Failure {
    let (feed, id) = (request.feed, request.id);
    let mut zh = format!("已发布的批次中没有{} {id}（编号按文本比较）", feed.title_zh());
    let mut en = format!("no published delivery has a {feed} {id} (ids are compared as text)");
    if let Some(other) = feeds.first() {
        zh.push_str(&format!(
            "；{} {id} 存在，可用 orgsnap explain {other} {id}",
            other.title_zh()
        ));
        en.push_str(&format!("; there is a {other} {id}: orgsnap explain {other} {id}"));
    }
    if near.is_empty() {
        zh.push_str("；请核对编号");
        en.push_str("; check the id");
    } else {
        zh.push_str(&format!("；相近的编号：{}", near.join("、")));
        en.push_str(&format!("; near ones are {}", near.join(", ")));
    }
    Failure::usage(Message::new(zh, en))
}
