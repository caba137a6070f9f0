//! A small company: a schema, deliveries as text, and what the tables hold of them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use polars::prelude::{DataType, IntoSeries, NamedFrom, Series};
use rusqlite::types::Value;

use crate::config::schema::{
    Copy, DateForm, FeedSchema, Field, ForestSchema, Kind, LevelSchema, Reference, Required,
    Schema, Tops,
};
use crate::model::{Feed, Message, Table};
use crate::store::Store;

/// A folder with a database in it.
pub(super) struct TestDatabase {
    pub folder: tempfile::TempDir,
}

impl TestDatabase {
    pub(super) fn new() -> TestDatabase {
        TestDatabase { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn db(&self) -> PathBuf {
        self.folder.path().join("org.db")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(&self.db(), &schema()).unwrap()
    }
}

pub(super) fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

fn field(name: &str, column: &str, kind: Kind) -> Field {
    let words = Message::new(format!("{name} 标题"), format!("{name} title"));
    Field {
        name: name.to_owned(),
        column: column.to_owned(),
        title: words.clone(),
        description: words,
        aliases: Vec::new(),
        kind,
        required: Required::No,
        allowed: Vec::new(),
        person: false,
        max_length: None,
        no_value: Vec::new(),
        codes: Default::default(),
        example: None,
    }
}

fn feed(feed: Feed, fields: Vec<Field>) -> FeedSchema {
    let title = Message::new(feed.title_zh(), feed.name());
    FeedSchema {
        feed,
        file_name: format!("{feed}.txt"),
        title,
        fields,
        key: 0,
        dialect: Default::default(),
    }
}

pub(super) fn schema() -> Schema {
    let text = |name: &str, column: &str| field(name, column, Kind::Text);
    let mut status = field("agentStatus", "agent_status", Kind::Integer);
    status.allowed =
        vec![(1, Message::fixed("在职", "active")), (2, Message::fixed("离职", "left"))];
    let feeds = vec![
        feed(
            Feed::Agent,
            vec![
                text("id", "id"),
                text("agentName", "agent_name"),
                status,
                field("enterDate", "enter_date", Kind::Date(vec![DateForm::Iso].into())),
                text("recommendByAgentId", "recommend_by_agent_id"),
                text("workingOrganId", "working_organ_id"),
                field("channel", "channel", Kind::Integer),
                text("agentGradeLevel", "agent_grade_level"),
                text("workingNodeId", "working_node_id"),
                text("workingNodeName", "working_node_name"),
            ],
        ),
        feed(
            Feed::Node,
            vec![
                text("id", "id"),
                text("nodeName", "node_name"),
                text("parentNodeId", "parent_node_id"),
                text("agentId", "agent_id"),
                text("organId", "organ_id"),
                field("work", "work", Kind::Integer),
            ],
        ),
        feed(
            Feed::Organ,
            vec![
                text("id", "id"),
                text("organName", "organ_name"),
                text("parentId", "parent_id"),
                field("organLevel", "organ_level", Kind::Integer),
            ],
        ),
        feed(Feed::Principal, vec![text("id", "id"), text("principalName", "principal_name")]),
    ];
    let reference = |feed, field: &str, target| Reference {
        rule: "X400".to_owned(),
        feed,
        field: field.to_owned(),
        target,
    };
    let forest = |name: &str, feed, parent: &str, level| ForestSchema {
        name: name.to_owned(),
        title: Message::new(format!("{name} 树"), format!("{name} forest")),
        feed,
        parent: parent.to_owned(),
        level,
        tops: Tops::Many,
        top_markers: Default::default(),
    };
    let level = LevelSchema { field: "organLevel".to_owned(), step: 1, top: Some(1) };
    Schema {
        feeds: feeds.try_into().unwrap(),
        references: vec![
            reference(Feed::Agent, "recommendByAgentId", Feed::Agent),
            reference(Feed::Agent, "workingOrganId", Feed::Organ),
        ],
        forests: vec![
            forest("organ", Feed::Organ, "parentId", Some(level)),
            forest("recruit", Feed::Agent, "recommendByAgentId", None),
        ],
        copies: vec![Copy {
            feed: Feed::Agent,
            field: "workingNodeName".to_owned(),
            via: "workingNodeId".to_owned(),
            target: Feed::Node,
            target_field: "nodeName".to_owned(),
        }],
    }
}

/// A delivery: the lines of each feed, cells separated by `|`; a line that starts with `!` is quarantined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Delivery {
    pub agent: String,
    pub organ: String,
    /// The two teams of every delivery, if there are no others.
    pub node: Option<String>,
}

pub(super) const ORGANS: &str = "86|总公司||1\n8601|北京|86|2\n860101|海淀|8601|3\n8602|上海|86|2";

pub(super) fn delivery(agent: &str) -> Delivery {
    Delivery { agent: agent.to_owned(), organ: ORGANS.to_owned(), node: None }
}

/// One feed, parsed.
pub(super) struct Parsed {
    pub table: Table,
    pub accepted: Vec<u32>,
    pub quarantined: Vec<String>,
}

impl Delivery {
    /// The lines of a feed.
    pub(super) fn text(&self, feed: Feed) -> &str {
        match feed {
            Feed::Agent => &self.agent,
            Feed::Organ => &self.organ,
            Feed::Node => self.node.as_deref().unwrap_or("N2|乙组|N1\nN1|甲组|"),
            Feed::Principal => "P1|王五",
        }
    }

    pub(super) fn parse(&self, schema: &Schema, feed: Feed) -> Parsed {
        let text = self.text(feed);
        let fields = &schema.feed(feed).fields;
        let (mut cells, mut hashes) = (vec![Vec::new(); fields.len()], Vec::new());
        let (mut accepted, mut quarantined) = (Vec::new(), Vec::new());
        for (row, line) in text.lines().enumerate() {
            let content = line.trim_start_matches('!');
            let mut values = content.split('|').map(|cell| Some(cell).filter(|c| !c.is_empty()));
            for column in &mut cells {
                column.push(values.next().flatten().map(str::to_owned));
            }
            hashes.push(xxhash_rust::xxh3::xxh3_64(content.as_bytes()));
            match line.starts_with('!') {
                true => quarantined.push(content.split('|').next().unwrap().to_owned()),
                false => accepted.push(row as u32),
            }
        }
        let key = |row: &u32| cells[0][*row as usize].clone();
        accepted.sort_by_key(key);
        let columns = fields.iter().zip(&cells).map(|(field, cells)| column(field, cells).into());
        let lines = (1u32..).take(hashes.len()).collect();
        let table = Table::new(feed, columns.collect(), lines, hashes).unwrap();
        Parsed { table, accepted, quarantined }
    }
}

fn column(field: &Field, cells: &[Option<String>]) -> Series {
    let name = field.name.as_str().into();
    match field.kind {
        Kind::Text => Series::new(name, cells),
        Kind::Integer => {
            let numbers: Vec<Option<i64>> =
                cells.iter().map(|c| c.as_ref().and_then(|c| c.parse().ok())).collect();
            Series::new(name, numbers)
        }
        Kind::Date(_) => {
            let days: Vec<Option<i32>> = cells
                .iter()
                .map(|c| c.as_ref().map(|c| c.parse::<NaiveDate>().unwrap().to_epoch_days()))
                .collect();
            Series::new(name, days).cast(&DataType::Date).unwrap().into_series()
        }
    }
}

/// All rows of a query as text, for comparisons.
pub(super) fn rows(conn: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cell = |at| match row.get_unwrap::<usize, Value>(at) {
            Value::Null => Cow::Borrowed("-"),
            Value::Integer(number) => Cow::Owned(number.to_string()),
            Value::Text(text) => Cow::Owned(text),
            other => Cow::Owned(format!("{other:?}")),
        };
        Ok((0..width).map(cell).collect::<Vec<_>>().join("|"))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

pub(super) fn count(store: &Store, sql: &str) -> i64 {
    store.conn().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Everything that must not depend on how often and in what order deliveries were imported, sorted.
pub(super) fn content(conn: &rusqlite::Connection) -> Vec<String> {
    let mut all = Vec::new();
    for feed in Feed::ALL {
        all.extend(rows(conn, &format!("select '{feed}', * from {feed} order by id")));
        all.extend(rows(
            conn,
            &format!("select 'old {feed}', * from {feed}_history order by id, valid_from"),
        ));
    }
    for (table, columns) in [
        ("carry", "*"),
        ("quarantined_key", "*"),
        ("organ_tree", "*"),
        ("recruit_tree", "*"),
        ("snapshot", "business_date, agent_rows, node_rows, organ_rows, principal_rows"),
    ] {
        all.extend(rows(conn, &format!("select '{table}', {columns} from {table} order by 2, 3")));
    }
    all.sort();
    all
}

/// The files of a folder as a killed process would leave them.
pub(super) fn copy_folder(from: &Path) -> TestDatabase {
    let database = TestDatabase::new();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), database.folder.path().join(file.file_name())).unwrap();
    }
    database
}
