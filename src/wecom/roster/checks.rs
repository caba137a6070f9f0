//! `roster_check_run`: one row a check.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::scope::Scope;
use crate::model::Message;

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

/// The last check, done or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheck {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The differences that were open after it, or why it failed.
    pub outcome: Result<u64, Message>,
}

/// The last check, done or failed; none if there was none.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<Option<LastCheck>> {
    let sql = "select started_at, outcome, still_open, message_zh, message_en from roster_check_run \
               order by id desc limit 1";
    let mut statement = conn.prepare_cached(sql)?;
    let found = statement
        .query_row([], |row| {
            let (started_at, outcome): (String, String) = (row.get(0)?, row.get(1)?);
            let open: Option<i64> = row.get(2)?;
            let (zh, en): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
            let outcome = match outcome == "done" {
                true => Ok(open.and_then(|open| u64::try_from(open).ok()).unwrap_or_default()),
                false => Err(Message::new(zh.unwrap_or_default(), en.unwrap_or_default())),
            };
            Ok((started_at, outcome))
        })
        .optional()?;
    // A row that somebody changed by hand tells nothing.
    Ok(found.and_then(|(started_at, outcome)| {
        Some(LastCheck { started_at: started_at.parse().ok()?, outcome })
    }))
}

/// A time as the tables hold it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The last check that was done.
pub(super) fn last_done(conn: &Connection) -> rusqlite::Result<Option<DoneCheck>> {
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

/// Records a check that was done.
pub(super) fn record(
    conn: &Connection,
    check: &Check,
    day: &str,
    changed: Changed,
) -> rusqlite::Result<()> {
    let scope = serde_json::to_string(&check.scope)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    conn.execute(
        "insert into roster_check_run (day, started_at, outcome, snapshot_date, members, departments, scope, \
         accepted_smaller, opened, closed, still_open) values (?1, ?2, 'done', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            day,
            instant(check.started_at),
            check.snapshot_date.to_string(),
            check.scope.members as i64,
            check.scope.departments as i64,
            scope,
            check.accepted_smaller,
            changed.opened as i64,
            changed.closed as i64,
            changed.open as i64
        ],
    )?;
    Ok(())
}
