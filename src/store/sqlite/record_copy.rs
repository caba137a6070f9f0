//! Takes the records of runs over from another database of the same tenant: what was found then, what was refused, who
//! approved and took back what.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, TransactionBehavior, params};
use serde_json::Value;

use crate::model::RunId;
use crate::store::ages;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::database::SqliteStore;
use crate::store::stored_event::{StoredEvent, StoredEventKind};

/// Tables with records of runs, with their column of the run.
const OF_RUNS: [(&str, &str); 6] = [
    ("run", "id"),
    ("source_file", "run"),
    ("finding", "run"),
    ("quarantine", "run"),
    ("run_rule", "run"),
    ("approval", "run"),
];

/// Which records are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopiedRecords {
    /// All, in the place of those that there are.
    All,
    /// Those of runs that are not recorded.
    Lacking,
}

impl SqliteStore {
    /// Takes the records of the database at `from` over, up to the end of a run if one is named.
    ///
    /// # Errors
    /// Any fault of either file.
    pub(in crate::store) fn copy_records(
        &mut self,
        from: &Path,
        which: CopiedRecords,
        until: Option<&RunId>,
    ) -> Result<(), StoreError> {
        let name = from.to_string_lossy().into_owned();
        let copy = |conn: &mut Connection| -> rusqlite::Result<()> {
            conn.execute("attach database ?1 as other", [&name])?;
            let copied = copy(conn, which, until);
            let detached = conn.execute_batch("detach database other");
            copied.and(detached)
        };
        copy(&mut self.conn).map_err(|error| StoreError::sqlite(from, error))
    }

    /// Records approvals as they were noted, and that dates were taken back, as far as it is not recorded.
    ///
    /// # Errors
    /// Any fault of the database.
    pub(in crate::store) fn record_decisions(
        &self,
        events: &[StoredEvent],
    ) -> Result<(), StoreError> {
        let write = |conn: &Connection| -> rusqlite::Result<()> {
            let mut insert = conn.prepare(
                "insert or ignore into retraction (business_date, run, retracted, retracted_by, reason) \
                 values (?1, ?2, ?3, ?4, ?5)",
            )?;
            let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
            for event in events {
                match &event.what {
                    StoredEventKind::Published => {}
                    StoredEventKind::Approved { refused, by, reason, approved, waived } => {
                        // What was measured when the delivery was read again stands only where nothing is noted.
                        let or = if waived.is_some() { "replace" } else { "ignore" };
                        let at = instant(approved.unwrap_or(event.at));
                        let waived =
                            waived.as_ref().map_or_else(|| "[]".to_owned(), Value::to_string);
                        conn.execute(
                            &format!(
                                "insert or {or} into approval (run, refused_run, approved, approved_by, reason, waived) \
                                 values (?1, ?2, ?3, ?4, ?5, ?6)"
                            ),
                            params![event.run.0, refused.0, at, by, reason, waived],
                        )?;
                    }
                    StoredEventKind::Retracted { by, reason } => {
                        let (date, at) = (event.date.to_string(), instant(event.at));
                        insert.execute(params![date, event.run.0, at, by, reason])?;
                    }
                }
            }
            Ok(())
        };
        write(&self.conn).map_err(|error| self.fault(error))
    }
}

fn copy(
    conn: &mut Connection,
    which: CopiedRecords,
    until: Option<&RunId>,
) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let end: Option<String> = match until {
        Some(run) => Some(transaction.query_row(
            "select finished from other.run where id = ?1",
            [&run.0],
            |row| row.get(0),
        )?),
        None => None,
    };
    transaction.execute_batch("create temp table taken as select id from other.run")?;
    transaction.execute(
        "delete from temp.taken where ?1 is not null and id in (select id from other.run where finished > ?1)",
        [&end],
    )?;
    match which {
        CopiedRecords::All => {
            for (table, _) in OF_RUNS {
                transaction.execute_batch(&format!("delete from main.{table}"))?;
            }
        }
        CopiedRecords::Lacking => {
            transaction
                .execute_batch("delete from temp.taken where id in (select id from main.run)")?;
        }
    }
    for (table, run) in OF_RUNS {
        let columns = shared_columns(&transaction, table)?;
        if !columns.is_empty() {
            transaction.execute_batch(&format!(
                "insert into main.{table} ({columns}) select {columns} from other.{table} \
                 where {run} in (select id from temp.taken)",
            ))?;
        }
    }
    let columns = shared_columns(&transaction, "retraction")?;
    if !columns.is_empty() {
        transaction.execute(
            &format!(
                "insert or ignore into main.retraction ({columns}) select {columns} from other.retraction \
                 where ?1 is null or retracted <= ?1"
            ),
            [&end],
        )?;
    }
    transaction.execute_batch("drop table temp.taken")?;
    // Since when there is a finding depends on the dates that are published.
    ages::renew_all(&mut &*transaction)?;
    transaction.commit()
}

/// The columns that a table has in both databases, as a list; empty if one of them lacks it.
fn shared_columns(conn: &Connection, table: &str) -> rusqlite::Result<String> {
    let sql = "select a.name from pragma_table_info(?1, 'main') as a \
               join pragma_table_info(?1, 'other') as b using (name) order by a.cid";
    let mut statement = conn.prepare(sql)?;
    let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    Ok(names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}
