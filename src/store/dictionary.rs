//! `data_dictionary` and `forest`: what the tables mean, told inside the database.

use rusqlite::{Connection, params};

use crate::config::schema::{FeedSchema, Field, ForestSchema, Kind, Schema};
use crate::model::Message;
use crate::store::layout;

/// One row of `data_dictionary`; the column is empty where the table itself is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    table: String,
    column: String,
    title_zh: String,
    title_en: String,
    meaning_zh: String,
    meaning_en: String,
}

/// Name, Chinese title, English title, Chinese meaning, English meaning.
type Words = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// A fixed table with its columns.
type FixedTable = (Words, &'static [Words]);

const RUN: Words = ("run", "运行", "run", "导入运行的编号", "id of the import run");
const FEED: Words = (
    "feed",
    "文件类别",
    "feed",
    "agent 代理人、node 外勤区部组、organ 内勤机构、principal 内勤人员",
    "agent, node, organ or principal, as the tables are named",
);

const SNAPSHOT_WORDS: [Words; 4] = [
    (
        "valid_from",
        "生效日",
        "valid from",
        "该版本首次发布的业务日期",
        "business date from which this version holds",
    ),
    (
        "carried_since",
        "沿用起始日",
        "carried since",
        "非空表示自该日起交付的数据不合格，沿用此前最后一个合格版本",
        "if filled: since that date the delivered row has been bad and this last good version is carried",
    ),
    (
        "content_hash",
        "内容校验值",
        "content hash",
        "该行内容的 64 位校验值，用于判断是否有变化",
        "64-bit hash of the row's content, by which changes are told",
    ),
    (
        "valid_to",
        "失效日",
        "valid to",
        "该版本不再有效的业务日期（不含当日）；为空表示当前有效",
        "business date from which this version no longer holds; null while it holds",
    ),
];

const TREE_WORDS: [Words; 10] = [
    ("id", "编号", "id", "记录编号", "key of the record"),
    (
        "parent_id",
        "上级编号",
        "parent id",
        "上级记录编号；顶层、上级缺失或成环时为空",
        "key of the parent; null for a top, and where the parent is missing or the edge is in a cycle",
    ),
    ("root_id", "顶层编号", "root id", "所在链条顶层记录的编号", "key of the top of the chain"),
    ("depth", "层深", "depth", "距顶层的层数，顶层为 0", "edges up to the top, 0 for a top"),
    (
        "path",
        "路径",
        "path",
        "自顶层到本记录的编号路径，如 /86/8601/；超过 64 层时为空",
        "keys from the top to the record, such as /86/8601/; null below 64 levels",
    ),
    ("child_count", "直接下级数", "children", "直接下级记录数", "records right below"),
    (
        "descendant_count",
        "全部下级数",
        "descendants",
        "各层下级记录总数",
        "records below, at any depth",
    ),
    (
        "agent_count",
        "代理人数",
        "agents",
        "本级及各层下级的代理人数",
        "agents that work in the record or below it",
    ),
    (
        "active_agent_count",
        "在职代理人数",
        "active agents",
        "本级及各层下级的在职代理人数",
        "active agents that work in the record or below it",
    ),
    (
        "active_descendant_count",
        "有效下级数",
        "active descendants",
        "各层下级中在职（或正常营业）的记录数",
        "active records below, at any depth",
    ),
];

const FIXED: [FixedTable; 8] = [
    (
        (
            "snapshot",
            "快照",
            "snapshots",
            "已发布的业务日期",
            "the business dates that were published",
        ),
        &[
            (
                "business_date",
                "业务日期",
                "business date",
                "快照的业务日期",
                "date of the snapshot",
            ),
            RUN,
            ("agent_rows", "代理人行数", "agents", "快照中的代理人行数", "rows of agent"),
            ("node_rows", "外勤区部组行数", "teams", "快照中的外勤区部组行数", "rows of node"),
            ("organ_rows", "内勤机构行数", "offices", "快照中的内勤机构行数", "rows of organ"),
            (
                "principal_rows",
                "内勤人员行数",
                "office staff",
                "快照中的内勤人员行数",
                "rows of principal",
            ),
        ],
    ),
    (
        (
            "run",
            "运行",
            "runs",
            "每次导入运行，含未发布的",
            "every import run, also refused and failed ones",
        ),
        &[
            ("id", "编号", "id", "运行编号", "id of the run"),
            ("tenant", "租户", "tenant", "保险公司的租户编号", "tenant id of the insurer"),
            (
                "business_date",
                "业务日期",
                "business date",
                "交付的业务日期",
                "date of the delivery",
            ),
            ("started", "开始时间", "started", "开始时间（UTC）", "start (UTC)"),
            ("finished", "结束时间", "finished", "结束时间（UTC）", "end (UTC)"),
            (
                "verdict",
                "结论",
                "verdict",
                "published 已发布、passed 可发布、refused 未发布、failed 运行故障",
                "published, passed (could be published), refused or failed",
            ),
            (
                "reasons",
                "未发布原因",
                "reasons",
                "未发布的原因（JSON）",
                "why it was refused (JSON)",
            ),
            ("timings", "耗时", "timings", "各阶段耗时毫秒（JSON）", "milliseconds a stage (JSON)"),
            ("tool_version", "程序版本", "tool version", "orgsnap 版本", "version of orgsnap"),
        ],
    ),
    (
        (
            "source_file",
            "源文件",
            "source files",
            "每次运行收到的文件；行数 = 接受 + 隔离 + 重复 + 标题 + 空行",
            "the files of each run; lines = rows + quarantined + repeated + header_lines + blank",
        ),
        &[
            RUN,
            FEED,
            ("name", "文件名", "name", "交付的文件名", "name as delivered"),
            ("sha256", "SHA-256", "SHA-256", "原始字节的 SHA-256", "SHA-256 of the raw bytes"),
            ("size", "大小", "size", "字节数", "bytes"),
            (
                "mtime",
                "修改时间",
                "modified",
                "源端修改时间（UTC）",
                "modification time at the source (UTC)",
            ),
            ("encoding", "编码", "encoding", "文件编码", "encoding of the file"),
            ("delimiter", "分隔符", "delimiter", "字段分隔符", "field delimiter"),
            (
                "header",
                "标题行",
                "header",
                "首行是否为标题（1 是，0 否）",
                "1 if the first line is a header",
            ),
            ("lines", "行数", "lines", "物理行数", "physical lines"),
            ("rows", "接受行数", "rows", "按原样发布的行数", "rows published as delivered"),
            (
                "quarantined",
                "隔离行数",
                "quarantined",
                "进入隔离区的行数",
                "lines put into quarantine",
            ),
            (
                "repeated",
                "重复行数",
                "repeated",
                "与已接受行完全相同的行数",
                "lines that repeat an accepted row",
            ),
            ("header_lines", "标题行数", "header lines", "0 或 1", "0 or 1"),
            ("blank", "空行数", "blank lines", "空行数", "lines with nothing on them"),
        ],
    ),
    (
        ("finding", "问题", "findings", "每次运行发现的问题", "the findings of each run"),
        &[
            RUN,
            ("code", "规则编号", "code", "规则编号，如 T601", "code of the rule, such as T601"),
            ("name", "规则名", "name", "规则名，如 cycle", "name of the rule, such as cycle"),
            (
                "level",
                "级别",
                "level",
                "info、warning、error 或 fatal",
                "info, warning, error or fatal",
            ),
            (
                "disposition",
                "处置",
                "disposition",
                "refuse 不发布、quarantine 隔离、detach 断开上级、keep 照原样发布",
                "refuse, quarantine, detach or keep",
            ),
            FEED,
            ("line", "行号", "line", "首个物理行号，自 1 起", "first physical line, from 1"),
            (
                "lines",
                "全部行号",
                "lines",
                "全部物理行号（JSON 数组）",
                "all physical lines (JSON list)",
            ),
            ("key", "主键", "key", "相关记录的主键", "key of the record"),
            ("field", "字段", "field", "有问题的字段", "field at fault"),
            ("value", "值", "value", "有问题的值", "value at fault"),
            (
                "message_zh",
                "说明（中文）",
                "message (Chinese)",
                "中文说明",
                "what is wrong, in Chinese",
            ),
            (
                "message_en",
                "说明（英文）",
                "message (English)",
                "英文说明",
                "what is wrong, in English",
            ),
            (
                "related",
                "相关记录",
                "related",
                "其他相关记录（JSON）",
                "other records concerned (JSON)",
            ),
            ("affected", "影响数", "affected", "受影响的行数", "number of rows concerned"),
        ],
    ),
    (
        (
            "quarantine",
            "隔离区",
            "quarantine",
            "未作为新数据发布的原始行，逐字保存",
            "delivered lines that were not published, kept verbatim",
        ),
        &[
            RUN,
            FEED,
            ("file", "文件名", "file", "交付的文件名", "name of the file"),
            ("line", "行号", "line", "物理行号，自 1 起", "physical line, from 1"),
            (
                "raw",
                "原始字节",
                "raw bytes",
                "该行的原始字节",
                "the bytes of the line as delivered",
            ),
            (
                "text",
                "文本",
                "text",
                "解码后的文本，坏字节以替换符表示",
                "the line decoded, bad bytes replaced",
            ),
            (
                "rules",
                "规则",
                "rules",
                "触发的规则编号，逗号分隔",
                "codes of the rules, comma between",
            ),
        ],
    ),
    (
        (
            "carry",
            "沿用区间",
            "carry intervals",
            "某记录沿用最后合格版本的日期区间",
            "intervals during which a record's last good version was carried",
        ),
        &[
            FEED,
            ("id", "编号", "id", "记录主键", "key of the record"),
            (
                "carried_from",
                "沿用起始日",
                "carried from",
                "沿用起始的业务日期",
                "first date of the interval",
            ),
            (
                "carried_to",
                "沿用结束日",
                "carried to",
                "沿用结束的业务日期（不含当日）；为空表示仍在沿用",
                "date on which it ended (exclusive); null while it lasts",
            ),
        ],
    ),
    (
        (
            "forest",
            "层级树",
            "forests",
            "由快照推导的层级树",
            "the hierarchies derived from the snapshot",
        ),
        &[
            (
                "name",
                "名称",
                "name",
                "树名；对应的表为 <名称>_tree",
                "name; its table is <name>_tree",
            ),
            ("title_zh", "标题（中文）", "title (Chinese)", "中文标题", "Chinese title"),
            ("title_en", "标题（英文）", "title (English)", "英文标题", "English title"),
            FEED,
            (
                "key_column",
                "主键列",
                "key column",
                "快照表的主键列",
                "key column of the snapshot table",
            ),
            (
                "parent_column",
                "上级列",
                "parent column",
                "快照表的上级列",
                "parent column of the snapshot table",
            ),
            (
                "name_column",
                "名称列",
                "name column",
                "快照表的名称列",
                "name column of the snapshot table",
            ),
        ],
    ),
    (
        (
            "data_dictionary",
            "数据字典",
            "data dictionary",
            "每张表、视图和每一列的标题与含义",
            "title and meaning of every table, view and column",
        ),
        &[
            ("table_name", "表名", "table", "表或视图名", "table or view"),
            (
                "column_name",
                "列名",
                "column",
                "列名；为空表示表本身",
                "column; empty for the table itself",
            ),
            ("title_zh", "标题（中文）", "title (Chinese)", "中文标题", "Chinese title"),
            ("title_en", "标题（英文）", "title (English)", "英文标题", "English title"),
            ("meaning_zh", "含义（中文）", "meaning (Chinese)", "中文含义", "meaning in Chinese"),
            ("meaning_en", "含义（英文）", "meaning (English)", "英文含义", "meaning in English"),
        ],
    ),
];

/// Writes the dictionary and the list of forests, if they differ from what is stored.
pub(super) fn write(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let mut wanted = entries(conn, schema)?;
    wanted.sort();
    if wanted != stored(conn)? {
        conn.execute("delete from data_dictionary", [])?;
        let mut insert =
            conn.prepare("insert into data_dictionary values (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for e in &wanted {
            insert.execute(params![
                e.table,
                e.column,
                e.title_zh,
                e.title_en,
                e.meaning_zh,
                e.meaning_en
            ])?;
        }
    }
    write_forests(conn, schema)
}

fn stored(conn: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = conn.prepare("select * from data_dictionary order by 1, 2")?;
    let rows = statement.query_map([], |row| {
        Ok(Entry {
            table: row.get(0)?,
            column: row.get(1)?,
            title_zh: row.get(2)?,
            title_en: row.get(3)?,
            meaning_zh: row.get(4)?,
            meaning_en: row.get(5)?,
        })
    })?;
    rows.collect()
}

/// One row of `forest`, in column order.
type ForestRow = (String, String, String, String, String, String, Option<String>);

fn write_forests(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let mut wanted: Vec<ForestRow> = schema
        .forests
        .iter()
        .map(|forest| {
            let feed = schema.feed(forest.feed);
            let parent = feed.position(&forest.parent).map(|at| &feed.fields[at]);
            (
                forest.name.clone(),
                forest.title.zh.to_string(),
                forest.title.en.to_string(),
                forest.feed.name().to_owned(),
                feed.key_field().column.clone(),
                parent.map_or_else(|| forest.parent.clone(), |field| field.column.clone()),
                name_field(schema, feed).map(|field| field.column.clone()),
            )
        })
        .collect();
    wanted.sort();
    let mut statement = conn.prepare("select * from forest order by name")?;
    let stored: Vec<ForestRow> = statement
        .query_map([], |row| ForestRow::try_from(row))?
        .collect::<rusqlite::Result<_>>()?;
    if wanted == stored {
        return Ok(());
    }
    conn.execute("delete from forest", [])?;
    let mut insert = conn.prepare("insert into forest values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (name, zh, en, feed, key, parent, title) in wanted {
        insert.execute(params![name, zh, en, feed, key, parent, title])?;
    }
    Ok(())
}

/// The field that names a record: its first text that is neither key, reference nor copy.
fn name_field<'a>(schema: &Schema, feed: &'a FeedSchema) -> Option<&'a Field> {
    let refers = |name: &str| {
        schema.references.iter().any(|r| r.feed == feed.feed && r.field == name)
            || schema.copies.iter().any(|c| c.feed == feed.feed && c.field == name)
    };
    feed.fields
        .iter()
        .enumerate()
        .find(|(at, field)| *at != feed.key && field.kind == Kind::Text && !refers(&field.name))
        .map(|(_, field)| field)
}

/// Everything that the dictionary has to say. Columns of an earlier schema are still in the tables, so the
/// tables are asked for them.
fn entries(conn: &Connection, schema: &Schema) -> rusqlite::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (table, columns) in FIXED {
        entries.push(entry(table.0, "", table));
        entries.extend(columns.iter().map(|words| entry(table.0, words.0, *words)));
    }
    for feed in &schema.feeds {
        feed_entries(conn, feed, &mut entries)?;
    }
    for forest in &schema.forests {
        tree_entries(forest, &mut entries);
    }
    Ok(entries)
}

fn entry(table: &str, column: &str, words: Words) -> Entry {
    Entry {
        table: table.to_owned(),
        column: column.to_owned(),
        title_zh: words.1.to_owned(),
        title_en: words.2.to_owned(),
        meaning_zh: words.3.to_owned(),
        meaning_en: words.4.to_owned(),
    }
}

fn feed_entries(
    conn: &Connection,
    feed: &FeedSchema,
    entries: &mut Vec<Entry>,
) -> rusqlite::Result<()> {
    let suffixes = [
        ("", "", "", "最新快照", "the newest snapshot"),
        ("_history", "（历史版本）", ", history", "已失效的版本", "versions that no longer hold"),
        (
            "_version",
            "（全部版本）",
            ", all versions",
            "当前与历史版本；某日 D 的状态为 valid_from <= D and (valid_to is null or D < valid_to)",
            "open and closed versions; as of D: valid_from <= D and (valid_to is null or D < valid_to)",
        ),
    ];
    for (suffix, title_zh, title_en, meaning_zh, meaning_en) in suffixes {
        let table = format!("{}{suffix}", feed.feed.name());
        entries.push(Entry {
            table: table.clone(),
            column: String::new(),
            title_zh: format!("{}{title_zh}", feed.title.zh),
            title_en: format!("{}{title_en}", feed.title.en),
            meaning_zh: meaning_zh.to_owned(),
            meaning_en: meaning_en.to_owned(),
        });
        for column in layout::columns_of(conn, &table)? {
            entries.push(
                match feed.fields.iter().find(|f| f.column.eq_ignore_ascii_case(&column)) {
                    Some(field) => field_entry(&table, &column, field),
                    None => own_entry(&table, &column),
                },
            );
        }
    }
    Ok(())
}

fn field_entry(table: &str, column: &str, field: &Field) -> Entry {
    let (mut zh, mut en) = (field.description.zh.to_string(), field.description.en.to_string());
    if !field.allowed.is_empty() {
        let list = |pick: fn(&Message) -> &str, between: &str| {
            let items = field.allowed.iter().map(|(value, text)| format!("{value} {}", pick(text)));
            items.collect::<Vec<_>>().join(between)
        };
        zh = format!("{zh}（{}）", list(|m| &m.zh, "、"));
        en = format!("{en} ({})", list(|m| &m.en, ", "));
    }
    Entry {
        table: table.to_owned(),
        column: column.to_owned(),
        title_zh: field.title.zh.to_string(),
        title_en: field.title.en.to_string(),
        meaning_zh: zh,
        meaning_en: en,
    }
}

/// A column that no field of the schema fills: the store's own, or one of an earlier schema.
fn own_entry(table: &str, column: &str) -> Entry {
    match SNAPSHOT_WORDS.iter().find(|words| words.0 == column) {
        Some(words) => entry(table, column, *words),
        None => Entry {
            table: table.to_owned(),
            column: column.to_owned(),
            title_zh: column.to_owned(),
            title_en: column.to_owned(),
            meaning_zh: "早先的结构定义中的列，现已不再填写".to_owned(),
            meaning_en: "a column of an earlier schema, no longer filled".to_owned(),
        },
    }
}

fn tree_entries(forest: &ForestSchema, entries: &mut Vec<Entry>) {
    let table = layout::tree_table(&forest.name);
    entries.push(Entry {
        table: table.clone(),
        column: String::new(),
        title_zh: format!("{}（树）", forest.title.zh),
        title_en: format!("{}, tree", forest.title.en),
        meaning_zh: "由最新快照推导的层级树，每条记录一行".to_owned(),
        meaning_en: "the hierarchy of the newest snapshot, one row a record".to_owned(),
    });
    for (column, _) in layout::tree_columns(forest) {
        if let Some(words) = TREE_WORDS.iter().find(|words| words.0 == *column) {
            entries.push(entry(&table, column, *words));
        }
    }
}
