//! Copies what a server has of a tenant into a file, with the tables, views and dictionary of any other `org.db`: what reads a
//! file reads it.

use std::path::Path;

use rusqlite::types::Null;

use crate::config::schema::Schema;
use crate::model::Feed;
use crate::store::derived_columns::event_table;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::made_by::made_by;
use crate::store::postgres::copy::CopiedRow;
use crate::store::postgres::layout;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::{TABLES, table};
use crate::store::sqlite::database::SqliteStore;
use crate::store::sqlite::migration::Migration;
use crate::store::sqlite::{indexes, layout as file_layout};
use crate::store::tree_layout::tree_table;

/// Tables of records and facts that are copied as they are.
const AS_THEY_ARE: [&str; 9] = [
    "carry",
    "quarantined_key",
    "snapshot",
    "run",
    "source_file",
    "finding",
    "run_rule",
    "quarantine",
    "retraction",
];

/// How a column is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    Text,
    Number,
    Bytes,
    /// The file holds a number for it.
    Flag,
}

/// What tells whether a copy is still what the server holds: each run and each decision changes it.
pub(super) fn state(session: &mut Session, tenant: i32) -> Result<String, StoreError> {
    let sql = format!(
        "select concat_ws(' ', (select count(*) from {TABLES}.run where tenant_id = $1), \
         (select max(finished) from {TABLES}.run where tenant_id = $1), \
         (select count(*) from {TABLES}.retraction where tenant_id = $1), \
         (select string_agg(run, ' ' order by business_date) from \
          (select run, business_date from {TABLES}.snapshot where tenant_id = $1 \
           order by business_date desc limit 10) newest))"
    );
    Ok(session.value(&sql, &[&tenant])?.unwrap_or_default())
}

/// Copies everything of a tenant, as it is at one moment, into a new file.
pub(super) fn copy(
    session: &mut Session,
    tenant: i32,
    schema: &Schema,
    path: &Path,
) -> Result<(), StoreError> {
    let file = SqliteStore::open_by(path, schema, Migration::default())?;
    let of_file = |error: rusqlite::Error| StoreError::sqlite(path, error);
    session.batch("begin isolation level repeatable read read only")?;
    file.conn.execute_batch("begin immediate").map_err(of_file)?;
    let mut copied = || -> Result<(), StoreError> {
        for feed in Feed::ALL {
            let (name, history) = (feed.name(), format!("{feed}_history"));
            let key = quoted(&schema.feed(feed).key_field().column);
            let current = format!("valid_to = 'infinity' order by {key}");
            copy_table(session, tenant, &file, (name, name), &current)?;
            let ended = format!("valid_to <> 'infinity' order by {key}, valid_from");
            copy_table(session, tenant, &file, (name, &history), &ended)?;
        }
        let trees = schema.forests.iter().map(|forest| tree_table(&forest.name));
        for name in trees {
            copy_table(session, tenant, &file, (&name, &name), "true order by id")?;
        }
        let events = Feed::ALL.into_iter().filter_map(event_table).map(|(name, _)| name);
        for name in events.chain(["headcount", "approval"]).chain(AS_THEY_ARE) {
            copy_table(session, tenant, &file, (name, name), "true")?;
        }
        let sql =
            format!("select count(*) from {TABLES}.forest where tenant_id = $1 and made_by = $2");
        let current: Option<i64> = session.value(&sql, &[&tenant, &made_by(schema)])?;
        if current.is_some_and(|n| n > 0) {
            let note = "update forest set made_by = ?1";
            file.conn.execute(note, [made_by(schema)]).map_err(of_file)?;
        }
        indexes::prepare(&file.conn, schema).map_err(of_file)?;
        indexes::analyze(&file.conn).map_err(of_file)
    };
    copied()?;
    file.conn.execute_batch("commit").map_err(of_file)?;
    session.batch("commit")
}

/// Copies the rows of a table for which something holds into one of the file, in the columns that both have.
fn copy_table(
    session: &mut Session,
    tenant: i32,
    file: &SqliteStore,
    (from, to): (&str, &str),
    which: &str,
) -> Result<(), StoreError> {
    let of_file = |error: rusqlite::Error| file.fault(error);
    let wanted = file_layout::columns_of(&file.conn, to).map_err(of_file)?;
    let (mut names, mut selected, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for (column, kind) in layout::columns(session, from)? {
        if !wanted.contains(&column) {
            continue;
        }
        let name = quoted(&column);
        let (select, kind) = match kind.as_str() {
            "bigint" | "integer" => (name.clone(), Copied::Number),
            "bytea" => (name.clone(), Copied::Bytes),
            "boolean" => (name.clone(), Copied::Flag),
            // As a file has instants.
            "timestamp with time zone" => (
                format!("to_char({name} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"),
                Copied::Text,
            ),
            _ => (format!("{name}::text"), Copied::Text),
        };
        names.push(name);
        selected.push(select);
        kinds.push(kind);
    }
    let parameters: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
    let insert = format!(
        "insert into {} ({}) values ({})",
        quoted(to),
        names.join(", "),
        parameters.join(", ")
    );
    let mut statement = file.conn.prepare(&insert).map_err(of_file)?;
    let query = format!(
        "select {} from {} where tenant_id = {tenant} and {which}",
        selected.join(", "),
        table(from)
    );
    let mut fault = None;
    let mut write = |row: &CopiedRow| -> rusqlite::Result<()> {
        for (at, kind) in kinds.iter().enumerate() {
            let other = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
            match kind {
                Copied::Text => {
                    statement.raw_bind_parameter(at + 1, row.text_or_null(at).map_err(other)?)?
                }
                Copied::Number => {
                    statement.raw_bind_parameter(at + 1, row.int_or_null(at).map_err(other)?)?
                }
                Copied::Bytes => statement.raw_bind_parameter(at + 1, row.bytes_or_null(at))?,
                Copied::Flag => match row.bytes_or_null(at) {
                    Some(value) => statement.raw_bind_parameter(at + 1, value == [1])?,
                    None => statement.raw_bind_parameter(at + 1, Null)?,
                },
            }
        }
        statement.raw_execute().map(drop)
    };
    session.copy_out(&query, |row| {
        // What is copied to its end leaves the connection usable.
        if fault.is_none() {
            fault = write(row).err();
        }
        Ok(())
    })?;
    fault.map_or(Ok(()), |error| Err(of_file(error)))
}
