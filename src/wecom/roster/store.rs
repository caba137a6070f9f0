//! `roster_check` and `roster_check_run` of `wecom.db`: one row a difference with its days, one row a check.
//!
//! What a check found is collected in a temporary table first, which holds no lock, and becomes the rows in one short
//! transaction, for which a callback can wait.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::compare::ToldMember;
use super::difference::{AgentDetail, Difference, DifferenceKind};
use super::scope::Scope;
use crate::model::Message;
use crate::wecom::store::{self, DATABASE, WecomStoreError};

/// The tables, open for a check or for reading.
#[derive(Debug)]
pub struct RosterStore {
    conn: Connection,
    path: PathBuf,
}

/// A check, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its day in the job's time zone.
    pub day: NaiveDate,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Date of the snapshot.
    pub snapshot_date: NaiveDate,
    /// What was visible.
    pub scope: Scope,
    /// Whether less than before was taken for true.
    pub accepted_smaller: bool,
}

/// What a check changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Differences that are new.
    pub opened: u64,
    /// Differences that are over.
    pub closed: u64,
    /// All that are open now.
    pub open: u64,
}

/// A recorded check that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneCheck {
    /// Its day.
    pub day: NaiveDate,
    /// When it began, UTC.
    pub started_at: String,
    /// Date of the snapshot.
    pub snapshot_date: String,
    /// What was visible.
    pub scope: Scope,
    /// What it changed.
    pub changed: Changed,
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

    /// Opens it for reading; none if it is not there or has an earlier format: no check was done.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn open_existing(tenant_dir: &Path) -> Result<Option<RosterStore>, WecomStoreError> {
        let path = tenant_dir.join(DATABASE);
        if !path.exists() {
            return Ok(None);
        }
        let conn = store::open_existing(&path)?;
        let store = RosterStore { conn, path };
        let sql = "select count(*) from sqlite_schema where name = 'roster_check_run'";
        let found: i64 =
            store.conn.query_row(sql, [], |row| row.get(0)).map_err(|error| store.fault(error))?;
        Ok((found > 0).then_some(store))
    }

    /// The last check that was done.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn last_done(&self) -> Result<Option<DoneCheck>, WecomStoreError> {
        last_done(&self.conn).map_err(|error| self.fault(error))
    }

    /// When the last check began, done or failed.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn last_start(&self) -> Result<Option<DateTime<Utc>>, WecomStoreError> {
        let sql = "select started_at from roster_check_run order by id desc limit 1";
        let text: Option<String> = self
            .conn
            .query_row(sql, [], |row| row.get(0))
            .optional()
            .map_err(|error| self.fault(error))?;
        Ok(text.and_then(|text| text.parse().ok()))
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
                 create temp table found (kind text not null, subject text not null, user_id text, agent_id text,
                   agent_name text, organ_name text, team_name text, leave_date text,
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
        commit(&mut self.conn, check).map_err(|error| WecomStoreError::sqlite(&path, error))
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
                    "select coalesce(user_id, subject) from roster_check \
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

    /// Notes that people were alerted of these.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn mark_alerted(&self, unalerted: &Unalerted) -> Result<(), WecomStoreError> {
        let sql = "update roster_check set alerted = 1 where alerted = 0 and id <= ?1";
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
                "select subject, user_id, agent_id, agent_name, organ_name, team_name, leave_date, first_day, \
                 last_day from roster_check {which} {and_kind} order by subject, first_day"
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

/// What a check has found so far.
#[derive(Debug)]
pub struct Found<'s> {
    transaction: Transaction<'s>,
    path: PathBuf,
}

impl Found<'_> {
    /// Adds a difference.
    ///
    /// # Errors
    /// Any fault of the disk.
    pub fn add(&mut self, difference: &Difference) -> Result<(), WecomStoreError> {
        let none = AgentDetail::default();
        let agent = difference.agent.as_ref();
        let detail = agent.unwrap_or(&none);
        let insert = || -> rusqlite::Result<usize> {
            let mut statement = self.transaction.prepare_cached(
                "insert or replace into temp.found values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            statement.execute(params![
                difference.kind.name(),
                difference.subject,
                difference.user_id,
                agent.map(|agent| agent.id.as_str()),
                detail.name,
                detail.organ_name,
                detail.team_name,
                detail.leave_date
            ])
        };
        insert().map(|_| ()).map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Tells what the callbacks say of each user id of which nothing changed since `settled`: of others the list may be
    /// older than the callback, or the other way round. Of one that left the enterprise but was not deleted they say
    /// nothing.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn told_members(
        &self,
        settled: DateTime<Utc>,
        mut tell: impl FnMut(ToldMember<'_>),
    ) -> Result<(), WecomStoreError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.transaction.prepare(
                "select user_id, deleted_at is null from member \
                 where changed_at < ?1 and (deleted_at is not null or coalesce(status, '') <> '5')",
            )?;
            let mut rows = statement.query([instant(settled)])?;
            while let Some(row) = rows.next()? {
                let user_id = row.get_ref(0)?.as_str()?;
                tell(ToldMember { user_id, present: row.get(1)? });
            }
            Ok(())
        };
        read().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// Any fault of the disk.
    pub fn finish(self) -> Result<(), WecomStoreError> {
        let path = self.path;
        self.transaction.commit().map_err(|error| WecomStoreError::sqlite(&path, error))
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn last_done(conn: &Connection) -> rusqlite::Result<Option<DoneCheck>> {
    let sql = "select day, started_at, snapshot_date, scope, opened, closed, still_open from roster_check_run \
               where outcome = 'done' order by id desc limit 1";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement
        .query_row([], |row| {
            let count = |at| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or_default());
            let (day, scope): (String, String) = (row.get(0)?, row.get(3)?);
            let changed = Changed { opened: count(4)?, closed: count(5)?, open: count(6)? };
            Ok((day, row.get(1)?, row.get(2)?, scope, changed))
        })
        .optional()?;
    // A row that somebody changed by hand is none to compare with.
    Ok(found.and_then(|(day, started_at, snapshot_date, scope, changed)| {
        let scope = serde_json::from_str(&scope).ok()?;
        Some(DoneCheck { day: day.parse().ok()?, started_at, snapshot_date, scope, changed })
    }))
}

fn commit(conn: &mut Connection, check: &Check) -> rusqlite::Result<Changed> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last = last_done(&transaction)?.map(|last| last.day);
    // A clock that was set back must not end a difference before it began.
    let day = last.map_or(check.day, |last| last.max(check.day));
    let (today, last) = (day.to_string(), last.unwrap_or(day).to_string());
    let closed = transaction.execute(
        "update roster_check set last_day = max(first_day, ?1), closed_on = ?2 where last_day is null and not exists \
         (select 1 from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject)",
        [&last, &today],
    )?;
    // What an earlier check of the day no longer found is found again: it never ended.
    let reopened = transaction.execute(
        "update roster_check set last_day = null, closed_on = null where closed_on = ?1 and exists \
         (select 1 from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject)",
        [&today],
    )?;
    transaction.execute(
        "update roster_check set (user_id, agent_id, agent_name, organ_name, team_name, leave_date) = \
         (f.user_id, f.agent_id, f.agent_name, f.organ_name, f.team_name, f.leave_date) \
         from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject \
         and roster_check.last_day is null \
         and (f.user_id, f.agent_id, f.agent_name, f.organ_name, f.team_name, f.leave_date) is not \
         (roster_check.user_id, roster_check.agent_id, roster_check.agent_name, roster_check.organ_name, \
         roster_check.team_name, roster_check.leave_date)",
        [],
    )?;
    let inserted = transaction.execute(
        "insert into roster_check (kind, subject, user_id, agent_id, agent_name, organ_name, team_name, leave_date, \
         first_day) \
         select kind, subject, user_id, agent_id, agent_name, organ_name, team_name, leave_date, ?1 from temp.found f \
         where not exists (select 1 from roster_check r \
         where r.kind = f.kind and r.subject = f.subject and r.last_day is null)",
        [&today],
    )?;
    let open: i64 =
        transaction.query_row("select count(*) from temp.found", [], |row| row.get(0))?;
    let changed = Changed {
        opened: (inserted + reopened) as u64,
        closed: closed as u64,
        open: u64::try_from(open).unwrap_or_default(),
    };
    let scope = serde_json::to_string(&check.scope)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.execute(
        "insert into roster_check_run (day, started_at, outcome, snapshot_date, members, departments, scope, \
         accepted_smaller, opened, closed, still_open) values (?1, ?2, 'done', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            today,
            instant(check.started_at),
            check.snapshot_date.to_string(),
            check.scope.members as i64,
            check.scope.departments as i64,
            scope,
            check.accepted_smaller,
            changed.opened as i64,
            changed.closed as i64,
            open
        ],
    )?;
    transaction.commit()?;
    Ok(changed)
}

fn stored(kind: DifferenceKind, row: &Row<'_>) -> rusqlite::Result<StoredDifference> {
    let agent = match row.get::<_, Option<String>>(2)? {
        None => None,
        Some(id) => Some(AgentDetail {
            id,
            name: row.get(3)?,
            organ_name: row.get(4)?,
            team_name: row.get(5)?,
            leave_date: row.get(6)?,
        }),
    };
    Ok(StoredDifference {
        difference: Difference { kind, subject: row.get(0)?, user_id: row.get(1)?, agent },
        first_day: row.get(7)?,
        last_day: row.get(8)?,
    })
}
