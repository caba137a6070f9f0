//! Fills `data_dictionary` and `forest`: what the tables mean, documented inside the database.

use std::sync::LazyLock;

use rusqlite::{Connection, params};
use serde::Deserialize;

use crate::config::schema::{FeedSchema, Field, ForestSchema, Kind, Schema};
use crate::model::{Feed, Message};
use crate::sqlite::dictionary::{self, Description, Entry};
use crate::store::sqlite::derived_tables::EVENT_KINDS;
use crate::store::sqlite::layout;
use crate::store::sqlite::views::label_column;
use crate::store::tree_layout::{self, LEVELS};

/// `data_dictionary.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Documentation {
    /// The tables of the migrations.
    table: Vec<Description>,
    /// Templates of the tables of a feed.
    feed_table: Vec<Description>,
    /// The columns of those tables that are not the schema's.
    feed_columns: Vec<Description>,
    /// Template of a column of an earlier schema.
    former_column: Description,
    /// Template of the table of a forest.
    tree_table: Description,
    /// The views of `views.rs`.
    view: Vec<Description>,
    /// Template of the column of a view that says what the codes of another one mean.
    label_column: Description,
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    toml::from_str(include_str!("data_dictionary.toml"))
        .unwrap_or_else(|error| unreachable!("data_dictionary.toml: {error}"))
});

/// What stands for the number of a level in a description.
const LEVEL: &str = "{n}";

/// Writes the dictionary and the list of forests, if they differ from what is stored.
pub(super) fn write(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let mut wanted = entries(conn, schema)?;
    dictionary::complete(conn, &mut wanted)?;
    wanted.sort();
    if !dictionary::is_current(conn, &wanted)? {
        dictionary::replace(conn, &wanted)?;
    }
    write_forests(conn, schema)
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
                schema.name_field(forest.feed).map(|field| field.column.clone()),
            )
        })
        .collect();
    wanted.sort();
    let mut statement = conn.prepare("select name, title_zh, title_en, feed, key_column, parent_column, name_column from forest order by name")?;
    let stored: Vec<ForestRow> = statement
        .query_map([], |row| ForestRow::try_from(row))?
        .collect::<rusqlite::Result<_>>()?;
    if wanted == stored {
        return Ok(());
    }
    conn.execute("delete from forest", [])?;
    let mut insert = conn.prepare("insert into forest (name, title_zh, title_en, feed, key_column, parent_column, name_column) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (name, zh, en, feed, key, parent, title) in wanted {
        insert.execute(params![name, zh, en, feed, key, parent, title])?;
    }
    Ok(())
}

/// All rows of the dictionary. Columns of an earlier schema are still in the tables, so the columns are read from
/// the tables.
fn entries(conn: &Connection, schema: &Schema) -> rusqlite::Result<Vec<Entry>> {
    let tables = DOCUMENTATION.table.iter().flat_map(Description::table_entries);
    let mut entries: Vec<Entry> = tables.map(with_kinds).collect();
    for feed in &schema.feeds {
        feed_entries(conn, feed, &mut entries)?;
    }
    for forest in &schema.forests {
        tree_entries(forest, &mut entries);
    }
    for view in &DOCUMENTATION.view {
        view_entries(conn, schema.feed(Feed::Agent), view, &mut entries)?;
    }
    Ok(entries)
}

/// An entry with the kinds of events that its table may hold.
fn with_kinds(mut entry: Entry) -> Entry {
    let kinds = EVENT_KINDS.iter().filter(|(table, ..)| *table == entry.table);
    let list = |pick: fn(&(&str, &str, &str, &str)) -> String, between| {
        kinds.clone().map(pick).collect::<Vec<_>>().join(between)
    };
    let zh = list(|(_, kind, zh, _)| format!("{kind} {zh}"), "、");
    let en = list(|(_, kind, _, en)| format!("{kind} ({en})"), ", ");
    entry.meaning_zh = entry.meaning_zh.replace("{kinds}", &zh);
    entry.meaning_en = entry.meaning_en.replace("{kinds}", &en);
    entry
}

/// The columns of the migrations' tables and of the views that hold one of a few words.
pub(super) fn words() -> impl Iterator<Item = (&'static str, &'static Description)> {
    let tables = DOCUMENTATION.table.iter().chain(&DOCUMENTATION.view);
    let columns =
        tables.flat_map(|table| table.columns.iter().map(|column| (&*table.name, column)));
    columns.filter(|(_, column)| !column.values.is_empty())
}

/// The columns that a list of descriptions means: one for each level where it says `{n}`.
fn of_levels(columns: &[Description]) -> Vec<Description> {
    let levels = |column: &Description| -> Vec<Description> {
        match column.name.contains(LEVEL) {
            true => (1..=LEVELS).map(|n| column.with(LEVEL, &n.to_string())).collect(),
            false => vec![column.clone()],
        }
    };
    columns.iter().flat_map(levels).collect()
}

/// A view's columns: those of the agents, what their codes mean, and the view's own.
fn view_entries(
    conn: &Connection,
    agents: &FeedSchema,
    view: &Description,
    entries: &mut Vec<Entry>,
) -> rusqlite::Result<()> {
    let table = &view.name;
    let columns = layout::columns_of(conn, table)?;
    if !columns.is_empty() {
        entries.push(view.entry(table, ""));
    }
    let own = of_levels(&view.columns);
    let field = |column: &str| agents.fields.iter().find(|f| f.column.eq_ignore_ascii_case(column));
    for column in columns {
        let coded = agents.fields.iter().find(|f| label_column(&f.column) == column);
        entries.push(if let Some(own) = own.iter().find(|own| own.name == column) {
            own.entry(table, &column)
        } else if let Some(field) = field(&column) {
            field_entry(table, &column, field, is_key(agents, field))
        } else if let Some(coded) = coded {
            label_entry(table, &column, coded)
        } else {
            own_entry(table, &column)
        });
    }
    Ok(())
}

fn label_entry(table: &str, column: &str, coded: &Field) -> Entry {
    let mut entry = DOCUMENTATION.label_column.entry(table, column);
    entry.title_zh = entry.title_zh.replace("{title}", &coded.title.zh);
    entry.title_en = entry.title_en.replace("{title}", &coded.title.en);
    for meaning in [&mut entry.meaning_zh, &mut entry.meaning_en] {
        *meaning = meaning.replace("{column}", &coded.column);
    }
    entry.example = coded.allowed.first().map(|(_, title)| title.zh.to_string());
    entry
}

/// The row for a table that follows a template, and the table's name.
fn table_entry(template: &Description, placeholder: &str, name: &str, title: &Message) -> Entry {
    let table = template.name.replace(placeholder, name);
    let mut entry = template.entry(&table, "");
    entry.title_zh = entry.title_zh.replace("{title}", &title.zh);
    entry.title_en = entry.title_en.replace("{title}", &title.en);
    entry
}

fn feed_entries(
    conn: &Connection,
    feed: &FeedSchema,
    entries: &mut Vec<Entry>,
) -> rusqlite::Result<()> {
    for template in &DOCUMENTATION.feed_table {
        let entry = table_entry(template, "{feed}", feed.feed.name(), &feed.title);
        let table = entry.table.clone();
        entries.push(entry);
        for column in layout::columns_of(conn, &table)? {
            entries.push(
                match feed.fields.iter().find(|f| f.column.eq_ignore_ascii_case(&column)) {
                    Some(field) => field_entry(&table, &column, field, is_key(feed, field)),
                    None => own_entry(&table, &column),
                },
            );
        }
    }
    Ok(())
}

fn field_entry(table: &str, column: &str, field: &Field, is_key: bool) -> Entry {
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
        kind: Some(kind(&field.kind).to_owned()),
        nullable: Some(!is_key),
        example: example(field),
    }
}

fn is_key(feed: &FeedSchema, field: &Field) -> bool {
    feed.key_field().name == field.name
}

/// The type of a field as an analyst thinks of it: a date is stored as a text.
fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::Date(_) => "date",
    }
}

/// What the schema gives as an example; where it gives none, one that fits.
fn example(field: &Field) -> Option<String> {
    let code = field.allowed.first().map(|(code, _)| code.to_string());
    let given = field.example.clone().or(code);
    given.or_else(|| match field.kind {
        Kind::Text => None,
        Kind::Integer => Some("1".to_owned()),
        Kind::Date(_) => Some("2024-11-22".to_owned()),
    })
}

/// A column that no field of the schema fills: the store's own, or one of an earlier schema.
fn own_entry(table: &str, column: &str) -> Entry {
    if let Some(own) = DOCUMENTATION.feed_columns.iter().find(|own| own.name == column) {
        return own.entry(table, column);
    }
    let mut entry = DOCUMENTATION.former_column.entry(table, column);
    entry.title_zh = entry.title_zh.replace("{column}", column);
    entry.title_en = entry.title_en.replace("{column}", column);
    entry
}

fn tree_entries(forest: &ForestSchema, entries: &mut Vec<Entry>) {
    let template = &DOCUMENTATION.tree_table;
    let entry = table_entry(template, "{forest}", &forest.name, &forest.title);
    let table = entry.table.clone();
    entries.push(entry);
    let columns = of_levels(&template.columns);
    for (column, _) in tree_layout::tree_columns(forest) {
        if let Some(own) = columns.iter().find(|own| own.name == *column) {
            entries.push(own.entry(&table, column));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::feed_table;

    #[test]
    fn documented_column_templates_are_the_columns_of_the_tables() {
        let names = |columns: &[Description]| -> BTreeSet<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        let owned = |columns: &[&[(&str, &str)]]| -> BTreeSet<String> {
            columns.concat().iter().map(|(name, _)| (*name).to_owned()).collect()
        };
        assert_eq!(
            names(&DOCUMENTATION.feed_columns),
            owned(&[&feed_table::SNAPSHOT_COLUMNS, &[("valid_to", "")]])
        );
        assert_eq!(
            names(&of_levels(&DOCUMENTATION.tree_table.columns)),
            owned(&[&tree_layout::LEVEL_COLUMNS, &tree_layout::LINEAGE_COLUMNS])
        );
    }
}
