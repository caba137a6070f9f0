//! `data_dictionary` and `forest`: what the tables mean, told inside the database.

use rusqlite::{Connection, params};

use crate::config::schema::{FeedSchema, Field, ForestSchema, Kind, Schema};
use crate::model::Message;
use crate::store::layout;
use crate::store::words::{FIXED, SNAPSHOT_WORDS, TREE_WORDS, Words};

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
