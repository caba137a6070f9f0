//! `roster_check` and `roster_check_run` of `wecom.db`: one row a difference with its days, one row a check.
//!
//! What a check found is collected in a temporary table first, which holds no lock, and becomes the rows in one short
//! transaction, for which a callback can wait.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::checks::{self, Changed, Check, DoneCheck, LastCheck, instant};
use super::difference::{Difference, DifferenceKind, PersonDetail};
use super::found::{self, Found};
use crate::model::{Feed, Message};
use crate::wecom::store::{self, DATABASE, WecomStoreError};

/// The tables, open for a check or for reading.
#[derive(Debug)]
pub struct RosterStore {
    conn: Connection,
    path: PathBuf,
}

/// A row of `roster_check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDifference {
    /// The difference.
    pub difference: Difference,
    /// The day of the first check that found it.
    pub first_day: String,
    /// The day of the last check that found it; none while it is open.
    pub last_day: Option<String>,
}

/// Differences of which nobody was alerted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unalerted {
    /// Number of new differences of each kind, and some of their subjects.
    pub kinds: Vec<(DifferenceKind, u64, Vec<String>)>,
    /// The newest row that was counted.
    newest: i64,
}

/// Subjects that are named of each kind.
const MOST_NAMED: i64 = 5;

impl RosterStore {
    /// Opens the database of the tenant with this folder for a check; makes it if it is not there.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn open(tenant_dir: &Path) -> Result<RosterStore, WecomStoreError> {
        let path = tenant_dir.join(DATABASE);
        let conn = store::open(&path)?;
        Ok(RosterStore { conn, path })
    }

    /// Whether the tenant has the database.
    pub fn exists(tenant_dir: &Path) -> bool {
        tenant_dir.join(DATABASE).exists()
    }

    /// Opens it for reading; none if it is not there or of a format without checks: none was done. One of an earlier format
    /// with other columns is brought to the newest first.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn open_existing(tenant_dir: &Path) -> Result<Option<RosterStore>, WecomStoreError> {
        if !RosterStore::exists(tenant_dir) {
            return Ok(None);
        }
        let path = tenant_dir.join(DATABASE);
        let conn = store::open_existing(&path)?;
        let store = RosterStore { conn, path };
        let has = |sql| store.conn.query_row(sql, [], |row| row.get(0));
        let (checks, newest): (bool, bool) = has(
            "select count(*) > 0 from pragma_table_info('roster_check_run')",
        )
        .and_then(|checks| {
            let feed =
                "select count(*) > 0 from pragma_table_info('roster_check') where name = 'feed'";
            Ok((checks, has(feed)?))
        })
        .map_err(|error| store.fault(error))?;
        match (checks, newest) {
            (false, _) => Ok(None),
            (true, true) => Ok(Some(store)),
            (true, false) => RosterStore::open(tenant_dir).map(Some),
        }
    }

    /// The last check that was done.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn last_done(&self) -> Result<Option<DoneCheck>, WecomStoreError> {
        checks::last_done(&self.conn).map_err(|error| self.fault(error))
    }

    /// The last check, done or failed.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn last(&self) -> Result<Option<LastCheck>, WecomStoreError> {
        checks::last(&self.conn).map_err(|error| self.fault(error))
    }

    /// When the last check began, done or failed.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn last_start(&self) -> Result<Option<DateTime<Utc>>, WecomStoreError> {
        Ok(self.last()?.map(|check| check.started_at))
    }

    /// Departments of which callbacks told that they were deleted.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn deleted_departments(&self) -> Result<BTreeSet<u64>, WecomStoreError> {
        let read = || -> rusqlite::Result<BTreeSet<u64>> {
            let mut statement = self
                .conn
                .prepare("select department_id from department where deleted_at is not null")?;
            let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
            ids.filter_map(|id| id.map(|id| id.parse().ok()).transpose()).collect()
        };
        read().map_err(|error| self.fault(error))
    }

    /// Begins to collect what a check finds.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn collect(&mut self) -> Result<Found<'_>, WecomStoreError> {
        let path = self.path.clone();
        let begin = |conn: &Connection| {
            conn.execute_batch(
                "drop table if exists temp.found;
                 create temp table found (kind text not null, subject text not null, user_id text, feed text,
                   person_id text, person_name text, organ_name text, team_name text, leave_date text,
                   primary key (kind, subject)) without rowid",
            )
        };
        begin(&self.conn).map_err(|error| self.fault(error))?;
        // One transaction, so that not every row is one; it writes to the temporary table alone.
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(|error| WecomStoreError::sqlite(&path, error))?;
        Ok(Found { transaction, path })
    }

    /// Makes what was collected the open differences, and records the check.
    ///
    /// # Errors
    /// Any fault of the file; nothing is changed then.
    pub fn commit(&mut self, check: &Check) -> Result<Changed, WecomStoreError> {
        let path = self.path.clone();
        found::commit(&mut self.conn, check).map_err(|error| WecomStoreError::sqlite(&path, error))
    }

    /// Records a check that failed.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn record_failure(
        &self,
        day: NaiveDate,
        started_at: DateTime<Utc>,
        message: &Message,
    ) -> Result<(), WecomStoreError> {
        let sql = "insert into roster_check_run (day, started_at, outcome, message_zh, message_en) \
                   values (?1, ?2, 'failed', ?3, ?4)";
        let values = params![day.to_string(), instant(started_at), message.zh, message.en];
        self.conn.execute(sql, values).map(|_| ()).map_err(|error| self.fault(error))
    }

    /// Open differences of which nobody was alerted yet; none if there is none.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn unalerted(&self) -> Result<Option<Unalerted>, WecomStoreError> {
        let read = || -> rusqlite::Result<Option<Unalerted>> {
            let newest: Option<i64> = self.conn.query_row(
                "select max(id) from roster_check where alerted = 0 and last_day is null",
                [],
                |row| row.get(0),
            )?;
            let Some(newest) = newest else { return Ok(None) };
            let mut kinds = Vec::new();
            for kind in DifferenceKind::ALL {
                let mut counted = self.conn.prepare_cached(
                    "select count(*) from roster_check \
                     where kind = ?1 and alerted = 0 and last_day is null and id <= ?2",
                )?;
                let count: i64 =
                    counted.query_row(params![kind.name(), newest], |row| row.get(0))?;
                let mut named = self.conn.prepare_cached(
                    "select iif(kind = 'active_without_account', subject, coalesce(user_id, subject)) from roster_check \
                     where kind = ?1 and alerted = 0 and last_day is null and id <= ?2 order by subject limit ?3",
                )?;
                let names = named
                    .query_map(params![kind.name(), newest, MOST_NAMED], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<String>>>()?;
                if count > 0 {
                    kinds.push((kind, u64::try_from(count).unwrap_or_default(), names));
                }
            }
            Ok(Some(Unalerted { kinds, newest }))
        };
        read().map_err(|error| self.fault(error))
    }

    /// Notes that people were alerted of these. One that is over without an alert stays so: if it is found again on its
    /// last day, it is told.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn mark_alerted(&self, unalerted: &Unalerted) -> Result<(), WecomStoreError> {
        let sql = "update roster_check set alerted = 1 where alerted = 0 and last_day is null and id <= ?1";
        self.conn.execute(sql, [unalerted.newest]).map(|_| ()).map_err(|error| self.fault(error))
    }

    /// Number of open differences of each kind.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn open_counts(&self) -> Result<Vec<(DifferenceKind, u64)>, WecomStoreError> {
        self.counts("last_day is null", params![])
    }

    /// Number of differences of each kind whose first day is this one and that are open.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn new_counts(
        &self,
        day: NaiveDate,
    ) -> Result<Vec<(DifferenceKind, u64)>, WecomStoreError> {
        self.counts("last_day is null and first_day = ?1", params![day.to_string()])
    }

    fn counts(
        &self,
        which: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<(DifferenceKind, u64)>, WecomStoreError> {
        let read = || -> rusqlite::Result<Vec<(DifferenceKind, u64)>> {
            let sql =
                format!("select kind, count(*) from roster_check where {which} group by kind");
            let mut statement = self.conn.prepare(&sql)?;
            let mut rows = statement.query(values)?;
            let mut counts = DifferenceKind::ALL.map(|kind| (kind, 0));
            while let Some(row) = rows.next()? {
                let (name, count): (String, i64) = (row.get(0)?, row.get(1)?);
                for (kind, known) in &mut counts {
                    if kind.name() == name {
                        *known = u64::try_from(count).unwrap_or_default();
                    }
                }
            }
            Ok(counts.to_vec())
        };
        read().map_err(|error| self.fault(error))
    }

    /// The differences by kind and subject, those that are open or all; one by one.
    ///
    /// # Errors
    /// What `tell` fails with; any fault of the file.
    pub fn differences<E: From<WecomStoreError>>(
        &self,
        all: bool,
        mut tell: impl FnMut(StoredDifference) -> Result<(), E>,
    ) -> Result<(), E> {
        let fault = |error| self.fault(error);
        let which = if all { "" } else { "where last_day is null" };
        for kind in DifferenceKind::ALL {
            let and_kind = if all { "where kind = ?1" } else { "and kind = ?1" };
            let sql = format!(
                "select subject, user_id, feed, person_id, person_name, organ_name, team_name, leave_date, \
                 first_day, last_day from roster_check {which} {and_kind} order by subject, first_day"
            );
            let mut statement = self.conn.prepare(&sql).map_err(fault)?;
            let mut rows = statement.query([kind.name()]).map_err(fault)?;
            while let Some(row) = rows.next().map_err(fault)? {
                tell(stored(kind, row).map_err(fault)?)?;
            }
        }
        Ok(())
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn fault(&self, error: rusqlite::Error) -> WecomStoreError {
        WecomStoreError::sqlite(&self.path, error)
    }
}

fn stored(kind: DifferenceKind, row: &Row<'_>) -> rusqlite::Result<StoredDifference> {
    let feed = row.get::<_, Option<String>>(2)?.as_deref().and_then(Feed::from_name);
    let person = match (feed, row.get(3)?) {
        (Some(feed), Some(id)) => Some(PersonDetail {
            feed,
            id,
            name: row.get(4)?,
            organ_name: row.get(5)?,
            team_name: row.get(6)?,
            leave_date: row.get(7)?,
        }),
        _ => None,
    };
    Ok(StoredDifference {
        difference: Difference { kind, subject: row.get(0)?, user_id: row.get(1)?, person },
        first_day: row.get(8)?,
        last_day: row.get(9)?,
    })
}
