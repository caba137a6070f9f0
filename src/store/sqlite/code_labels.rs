//! Fills `code_label`: what the codes of each column mean, one row a value.

use rusqlite::{Connection, params};

use crate::config::schema::Schema;
use crate::store::sqlite::derived_tables::EVENT_KINDS;
use crate::store::sqlite::dictionary;
use crate::store::sqlite::team_problem::TeamProblem;
use crate::store::sqlite::views::TEAM_CHECK;

/// One row, in column order: table, column, value, its meaning in Chinese and in English.
type Label = (String, String, String, String, String);

/// Writes the rows, if they differ from what is stored.
pub(super) fn write(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let wanted = labels(schema);
    let mut statement = conn.prepare(
        "select table_name, column_name, value, label_zh, label_en from code_label order by 1, 2, 3",
    )?;
    let stored: Vec<Label> =
        statement.query_map([], |row| Label::try_from(row))?.collect::<rusqlite::Result<_>>()?;
    if stored == wanted {
        return Ok(());
    }
    conn.execute("delete from code_label", [])?;
    let mut insert = conn.prepare(
        "insert into code_label (table_name, column_name, value, label_zh, label_en) \
         values (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (table, column, value, zh, en) in wanted {
        insert.execute(params![table, column, value, zh, en])?;
    }
    Ok(())
}

/// The rows in the order of their key.
fn labels(schema: &Schema) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    for feed in &schema.feeds {
        for field in &feed.fields {
            labels.extend(field.allowed.iter().map(|(value, title)| {
                let (zh, en) = (title.zh.to_string(), title.en.to_string());
                (feed.feed.to_string(), field.column.clone(), value.to_string(), zh, en)
            }));
        }
    }
    for (table, column) in dictionary::words() {
        labels.extend(column.values.iter().map(|[value, zh, en]| {
            (table.to_owned(), column.name.clone(), value.clone(), zh.clone(), en.clone())
        }));
    }
    for problem in TeamProblem::ALL {
        let (zh, en) = problem.title();
        let [table, column, value] = [TEAM_CHECK, "problem", problem.name()].map(str::to_owned);
        labels.push((table, column, value, zh.to_owned(), en.to_owned()));
    }
    labels.extend(EVENT_KINDS.map(|(table, kind, zh, en)| {
        let [table, column, kind, zh, en] = [table, "kind", kind, zh, en].map(str::to_owned);
        (table, column, kind, zh, en)
    }));
    labels.sort();
    labels
}
