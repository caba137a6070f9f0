//! `orgsnap tree`: a forest of the current snapshot or of that of a date, or the part of it below a record.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use clap::Args;
use orgsnap::dated;
use orgsnap::model::Message;
use orgsnap::report::{Column, display_width, formatting, table, visible};
use orgsnap::store::{Reader, TreeNode, TreeQuery, TreeView};
use serde::Serialize;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::sql::say_which;
use super::{argument, output, tenant};

/// Show a forest, of the newest snapshot or as of a date
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// organ, node, recruit or mentor
    forest: String,
    /// Show the part below this record [default: from the tops]
    id: Option<String>,
    /// The newest published date that is not after this one [default: the newest of all]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    as_of: Option<NaiveDate>,
    /// So many levels below the record or the tops
    #[arg(long, value_name = "N", default_value_t = 2)]
    depth: u32,
    /// At most so many records
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: usize,
    /// A tenant or its job file; not needed where there is only one
    #[arg(long, value_name = "TENANT|JOB")]
    tenant: Option<String>,
    /// Print the records as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    forest: &'a str,
    business_date: String,
    /// The records above the one asked for, from the top down.
    ancestors: Vec<Node<'a>>,
    /// Each before those below it, siblings by id.
    nodes: Vec<Node<'a>>,
    omitted: usize,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    name: Option<&'a str>,
    parent_id: Option<&'a str>,
    depth: u32,
    child_count: u64,
    descendant_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_agent_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_descendant_count: Option<u64>,
}

/// Shows the forest.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let database = tenant::only_database(arguments.tenant.as_deref(), environment)?;
    let query = TreeQuery {
        id: arguments.id.as_deref(),
        depth: Some(arguments.depth),
        limit: arguments.limit,
    };
    let mut reader = Reader::open_existing(&database)?;
    let is_published = reader.latest()?.is_some();
    let shown = (is_published || arguments.as_of.is_some())
        .then(|| reader.show_date(arguments.as_of))
        .transpose()?;
    if shown.is_some() {
        let tables = BTreeSet::from([format!("{}_tree", arguments.forest)]);
        dated::fill_trees(&mut reader, &tables)?;
    }
    let found = reader.tree(&arguments.forest, query)?;
    let Some(shown) = shown else {
        return Err(Failure::usage(Message::fixed(
            "尚未发布任何快照，没有可显示的树；请用 orgsnap runs 查看运行结论，处理后重新导入",
            "no snapshot is published yet, so there is no tree to show; see the verdicts in orgsnap runs, and import \
             the corrected delivery",
        )));
    };
    say_which(arguments.as_of, &shown, None, environment);
    let Some(view) = found else {
        let date = shown.date;
        let (forest, id) = (&arguments.forest, arguments.id.as_deref().unwrap_or_default());
        return Err(Failure::usage(Message::new(
            format!("{date} 的 {forest} 树中没有 {id}；请核对编号"),
            format!("there is no {id} in the {forest} tree of {date}; check the id"),
        )));
    };
    let text = if arguments.json {
        let document = Document {
            forest: &arguments.forest,
            business_date: shown.date.to_string(),
            ancestors: view.ancestors.iter().map(node).collect(),
            nodes: view.nodes.iter().map(node).collect(),
            omitted: view.omitted,
        };
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        drawn(&view, environment)
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn node(node: &TreeNode) -> Node<'_> {
    Node {
        id: &node.id,
        name: node.name.as_deref(),
        parent_id: node.parent_id.as_deref(),
        depth: node.depth,
        child_count: node.child_count,
        descendant_count: node.descendant_count,
        agent_count: node.agent_count,
        active_agent_count: node.active_agent_count,
        active_descendant_count: node.active_descendant_count,
    }
}

fn drawn(view: &TreeView, environment: &Environment) -> String {
    let language = environment.language;
    let mut text = String::new();
    if !view.ancestors.is_empty() {
        let above: Vec<String> = view.ancestors.iter().map(label).collect();
        text.push_str(&format!("{}\n", above.join(" > ")));
    }
    let levels = view.nodes.iter().any(|node| node.agent_count.is_some());
    let below = language.choose(["下级", "全部下级"], ["children", "below"]);
    let last = match levels {
        true => language.choose(["代理人", "在职"], ["agents", "active"]),
        false => language.choose(["在职下级", ""], ["active below", ""]),
    };
    let header = [language.of(&view.title), below[0], below[1], last[0], last[1]];
    let width = if levels { 5 } else { 4 };
    let top = view.nodes.first().map_or(0, |node| node.depth);
    let rows: Vec<Vec<String>> = view
        .nodes
        .iter()
        .map(|node| {
            let indent = "  ".repeat(node.depth.saturating_sub(top) as usize);
            let mut row = vec![
                format!("{indent}{}", label(node)),
                formatting::grouped(node.child_count),
                formatting::grouped(node.descendant_count),
            ];
            let sums = match levels {
                true => vec![node.agent_count, node.active_agent_count],
                false => vec![node.active_descendant_count],
            };
            row.extend(
                sums.into_iter().map(|sum| sum.map(formatting::grouped).unwrap_or_default()),
            );
            row
        })
        .collect();
    let mut columns = [Column::Number; 5];
    columns[0] = Column::Text;
    // Never wrapped: the indentation shows who is below whom.
    let widest = rows.iter().map(|row| display_width(&row[0])).max().unwrap_or(0);
    let room = environment.width.max(widest + 60);
    text.push_str(&table(&columns[..width], &header[..width], &rows, 0, room));
    if view.omitted > 0 {
        let omitted = formatting::grouped(view.omitted as u64);
        text.push_str(&language.choose(
            format!("另有 {omitted} 条未显示；可用 --limit 调整\n"),
            format!("{omitted} more not shown; see --limit\n"),
        ));
    }
    text
}

fn label(node: &TreeNode) -> String {
    match &node.name {
        Some(name) => format!("{} {}", visible(&node.id), visible(name)),
        None => visible(&node.id).into_owned(),
    }
}
