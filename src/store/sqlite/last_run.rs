//! Figures of the last run and of the last publication, for monitoring.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::RunId;
use crate::store::error::StoreError;
use crate::store::sqlite::reader::Reader;

/// The last recorded run, whatever its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Its id.
    pub run: RunId,
    /// When it started.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// `published`, `refused` or `failed`.
    pub verdict: String,
    /// By feed: rows accepted and lines quarantined; empty if it failed.
    pub feeds: BTreeMap<String, (u64, u64)>,
    /// Recorded findings by level; only levels that occur.
    pub levels: BTreeMap<String, u64>,
}

/// The last run that published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastPublication {
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// The newest business date that there is a snapshot of.
    pub newest_date: NaiveDate,
}

impl Reader {
    /// The run that was started last; none before the first.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn last_run(&self) -> Result<Option<LastRun>, StoreError> {
        if self.is_blank()? {
            return Ok(None);
        }
        last_run(self.connection()).map_err(|error| self.fault(error))
    }

    /// The last publication; none before the first.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn last_publication(&self) -> Result<Option<LastPublication>, StoreError> {
        if self.is_blank()? {
            return Ok(None);
        }
        last_publication(self.connection()).map_err(|error| self.fault(error))
    }
}

fn last_run(conn: &Connection) -> rusqlite::Result<Option<LastRun>> {
    let found = conn
        .query_row(
            "select id, started, finished, verdict from run order by started desc, id desc limit 1",
            [],
            |row| {
                Ok(LastRun {
                    run: RunId(row.get(0)?),
                    started: instant(row, 1)?,
                    finished: instant(row, 2)?,
                    verdict: row.get(3)?,
                    feeds: BTreeMap::new(),
                    levels: BTreeMap::new(),
                })
            },
        )
        .optional()?;
    let Some(mut last) = found else { return Ok(None) };
    let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
    let mut files =
        conn.prepare("select feed, rows, quarantined from source_file where run = ?1")?;
    last.feeds = files
        .query_map([&last.run.0], |row| Ok((row.get(0)?, (count(row, 1)?, count(row, 2)?))))?
        .collect::<rusqlite::Result<_>>()?;
    let mut findings =
        conn.prepare("select level, count(*) from finding where run = ?1 group by level")?;
    last.levels = findings
        .query_map([&last.run.0], |row| Ok((row.get(0)?, count(row, 1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(last))
}

fn last_publication(conn: &Connection) -> rusqlite::Result<Option<LastPublication>> {
    conn.query_row(
        "select max(finished), (select max(business_date) from snapshot) from run \
         where verdict = 'published' having count(*) > 0",
        [],
        |row| {
            let date: String = row.get(1)?;
            let newest_date = date.parse().map_err(|error| conversion(1, error))?;
            Ok(LastPublication { finished: instant(row, 0)?, newest_date })
        },
    )
    .optional()
}

fn instant(row: &Row<'_>, at: usize) -> rusqlite::Result<DateTime<Utc>> {
    row.get::<_, String>(at)?.parse().map_err(|error| conversion(at, error))
}

fn conversion(at: usize, error: chrono::ParseError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error))
}
