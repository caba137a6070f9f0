//! Writing one row of a state table: what an event says of it, and whether the object begins, goes on or ends.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::Step;

/// A state table and its key.
pub(super) struct Table {
    pub name: &'static str,
    pub key: &'static [&'static str],
    /// Whether it has `created_at` and `deleted_at`.
    pub has_lifecycle: bool,
}

/// What an event means for the life of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// It is new. What was known of an earlier object of that id is forgotten.
    Created,
    /// It is there.
    Updated,
    /// It is gone; what was last known of it stays.
    Deleted,
    /// Nothing: the event is about something else.
    Unaffected,
}

/// A column and what the event says of it; nothing leaves it as it was.
pub(super) type Field<'a> = (&'static str, Option<Cow<'a, str>>);

/// Fields of an event by column and name in the event.
pub(super) fn fields<'a>(
    step: &Step<'a>,
    names: &[(&'static str, &'static str)],
) -> Vec<Field<'a>> {
    names
        .iter()
        .map(|(column, name)| (*column, step.event.fields.text_of(name).map(Cow::Borrowed)))
        .collect()
}

/// When the row changed last, and by which event; none if there is none.
pub(super) fn last_change(
    conn: &Connection,
    table: &Table,
    key: &[&str],
) -> rusqlite::Result<Option<(String, i64)>> {
    let sql =
        format!("select changed_at, event_id from {} where {}", table.name, table.condition());
    conn.prepare_cached(&sql)?
        .query_row(params_from_iter(key), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// What an event means that says that the object is new. An object begins once a second: another such event is a
/// repetition, or what another application was told, and adds to what the first said.
pub(super) fn beginning(
    conn: &Connection,
    table: &Table,
    key: &[&str],
    step: &Step<'_>,
) -> rusqlite::Result<Lifecycle> {
    let sql = format!("select created_at from {} where {}", table.name, table.condition());
    let created_at: Option<Option<String>> =
        conn.prepare_cached(&sql)?.query_row(params_from_iter(key), |row| row.get(0)).optional()?;
    Ok(match created_at.flatten() {
        Some(created_at) if created_at == step.at => Lifecycle::Updated,
        _ => Lifecycle::Created,
    })
}

/// Deletes all rows of a table with that value of a column.
pub(super) fn delete_all(
    conn: &Connection,
    table: &str,
    column: &str,
    value: &str,
) -> rusqlite::Result<()> {
    let sql = format!("delete from {table} where {column} = ?1");
    conn.prepare_cached(&sql)?.execute([value]).map(|_| ())
}

/// Deletes a row.
pub(super) fn delete(conn: &Connection, table: &Table, key: &[&str]) -> rusqlite::Result<()> {
    let sql = format!("delete from {} where {}", table.name, table.condition());
    conn.prepare_cached(&sql)?.execute(params_from_iter(key)).map(|_| ())
}

/// Writes a row. The text of the statement depends on the table and the life alone, so it is prepared once.
pub(super) fn write(
    conn: &Connection,
    table: &Table,
    key: &[&str],
    fields: &[Field<'_>],
    lifecycle: Lifecycle,
    step: &Step<'_>,
) -> rusqlite::Result<()> {
    let mut columns: Vec<&str> = table.key.to_vec();
    columns.extend(fields.iter().map(|(column, _)| *column));
    columns.extend(["changed_at", "event_id"]);
    let mut values: Vec<Value<'_>> = key.iter().map(|key| Value::Text(key)).collect();
    values
        .extend(fields.iter().map(|(_, value)| value.as_deref().map_or(Value::Null, Value::Text)));
    values.extend([Value::Text(step.at), Value::Integer(step.id)]);

    let mut sets = vec![
        "changed_at = excluded.changed_at".to_owned(),
        "event_id = excluded.event_id".to_owned(),
    ];
    sets.extend(fields.iter().map(|(column, _)| match lifecycle {
        Lifecycle::Created => format!("{column} = excluded.{column}"),
        _ => format!("{column} = coalesce(excluded.{column}, {column})"),
    }));
    if table.has_lifecycle {
        let (created, deleted) = match lifecycle {
            Lifecycle::Created => (Value::Text(step.at), Value::Null),
            Lifecycle::Deleted => (Value::Null, Value::Text(step.at)),
            Lifecycle::Updated | Lifecycle::Unaffected => (Value::Null, Value::Null),
        };
        columns.extend(["created_at", "deleted_at"]);
        values.extend([created, deleted]);
        match lifecycle {
            Lifecycle::Created => {
                sets.push("created_at = excluded.created_at, deleted_at = null".to_owned())
            }
            Lifecycle::Updated => sets.push("deleted_at = null".to_owned()),
            Lifecycle::Deleted => sets.push("deleted_at = excluded.deleted_at".to_owned()),
            Lifecycle::Unaffected => {}
        }
    }
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
    let sql = format!(
        "insert into {} ({}) values ({}) on conflict ({}) do update set {}",
        table.name,
        columns.join(", "),
        places.join(", "),
        table.key.join(", "),
        sets.join(", ")
    );
    conn.prepare_cached(&sql)?.execute(params_from_iter(values)).map(|_| ())
}

impl Table {
    /// The condition that finds a row by its key, in the key's order.
    fn condition(&self) -> String {
        let equal: Vec<String> = self
            .key
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{column} = ?{}", at + 1))
            .collect();
        equal.join(" and ")
    }
}

/// A value as SQLite takes it, borrowed.
enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
