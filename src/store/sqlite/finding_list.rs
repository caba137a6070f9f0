//! Findings of a published date as a list: those that are there, those that are new, those that are mended.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

use crate::model::{Feed, ListedFinding, Message, RunId};
use crate::store::dates::iso;
use crate::store::earlier_findings::LaterRule;
use crate::store::error::StoreError;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::recorded_findings;
use crate::store::sqlite::snapshots;

/// Which findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Those that the date has.
    Open,
    /// Those of them that the date before did not have.
    New,
    /// Those of the date before that are mended.
    Mended,
}

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingQuery<'a> {
    /// Which findings.
    pub standing: Standing,
    /// Of this rule only.
    pub code: Option<&'a str>,
    /// The published date; the newest that is not after it, or the newest of all.
    pub date: Option<NaiveDate>,
    /// Maximum number of findings.
    pub limit: usize,
}

/// Findings of a published date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingList {
    /// The date.
    pub date: NaiveDate,
    /// The published date before; none for the first.
    pub previous_date: Option<NaiveDate>,
    /// They, by code, feed and line.
    pub findings: Vec<ListedFinding>,
    /// How many there are without the limit.
    pub total: u64,
    /// Findings that the run found and did not keep, by code.
    pub not_kept: BTreeMap<String, u64>,
    /// Findings of the date before that may be there still, by code; of mended ones only.
    pub unsettled: BTreeMap<String, u64>,
}

/// The columns of [`listed`], of `finding f` and `source_file s`. A database that only an earlier version has written does
/// not say which texts are names.
pub(super) fn columns(conn: &Connection) -> rusqlite::Result<String> {
    let known =
        "select exists (select 1 from pragma_table_info('finding') where name = 'person_names')";
    let names = match conn.query_row(known, [], |row| row.get(0))? {
        true => "f.person_names",
        false => "null",
    };
    Ok(format!(
        "f.code, f.name, f.level, f.disposition, f.feed, s.name, f.line, f.key, f.field, f.value, f.message_zh, \
         f.message_en, f.affected, f.first_seen, f.deliveries, {names}"
    ))
}

/// How many columns [`columns`] has.
pub(super) const COLUMNS: usize = 16;

/// Where they come from.
pub(super) const TABLES: &str =
    "finding f left join source_file s on s.run = f.run and s.feed = f.feed";

/// A finding from [`columns`].
pub(super) fn listed(row: &Row<'_>) -> rusqlite::Result<ListedFinding> {
    let count =
        |at: usize| row.get::<_, Option<i64>>(at).map(|n| n.and_then(|n| u64::try_from(n).ok()));
    Ok(ListedFinding {
        code: row.get(0)?,
        name: row.get(1)?,
        level: row.get(2)?,
        disposition: row.get(3)?,
        feed: row.get(4)?,
        file: row.get(5)?,
        line: count(6)?,
        key: row.get(7)?,
        field: row.get(8)?,
        value: row.get(9)?,
        message: Message::new(row.get::<_, String>(10)?, row.get::<_, String>(11)?),
        affected: count(12)?.unwrap_or_default(),
        first_seen: row.get(13)?,
        deliveries: count(14)?,
        names: recorded_findings::person_names(row, 15)?,
    })
}

impl Reader {
    /// Findings of a published date; `None` if there is no such date.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn findings(&self, query: FindingQuery<'_>) -> Result<Option<FindingList>, StoreError> {
        if self.is_blank()? {
            return Ok(None);
        }
        read(self.connection(), query).map_err(|error| self.fault(error))
    }

    /// The findings of a run on lines of a feed.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn findings_on_lines(
        &self,
        run: &RunId,
        feed: Feed,
        lines: &[u64],
    ) -> Result<Vec<ListedFinding>, StoreError> {
        let wanted = serde_json::json!(lines).to_string();
        let read = || -> rusqlite::Result<Vec<ListedFinding>> {
            let columns = columns(self.connection())?;
            let mut statement = self.connection().prepare(&format!(
                "select {columns} from {TABLES} where f.run = ?1 and f.feed = ?2 and exists \
                 (select 1 from json_each(f.lines) l join json_each(?3) w on w.value = l.value) order by f.rowid"
            ))?;
            statement.query_map(params![run.0, feed.name(), wanted], listed)?.collect()
        };
        read().map_err(|error| self.fault(error))
    }
}

fn read(conn: &Connection, query: FindingQuery<'_>) -> rusqlite::Result<Option<FindingList>> {
    // One transaction, so that the parts are of one state.
    let conn = conn.unchecked_transaction()?;
    let Some(snapshot) = snapshots::at(&conn, query.date)? else { return Ok(None) };
    let before = snapshots::newest(&conn, Some(snapshot.date))?;
    let mut list = FindingList {
        date: snapshot.date,
        previous_date: before.as_ref().map(|before| before.date),
        findings: Vec::new(),
        total: 0,
        not_kept: BTreeMap::new(),
        unsettled: BTreeMap::new(),
    };
    match (query.standing, before) {
        (Standing::Mended, Some(before)) => {
            read_mended(&conn, &snapshot, &before, query, &mut list)?
        }
        (Standing::Mended, None) => {}
        (Standing::Open | Standing::New, _) => read_present(&conn, &snapshot, query, &mut list)?,
    }
    Ok(Some(list))
}

fn read_present(
    conn: &Connection,
    snapshot: &SnapshotInfo,
    query: FindingQuery<'_>,
    list: &mut FindingList,
) -> rusqlite::Result<()> {
    let new = (query.standing == Standing::New).then(|| iso(snapshot.date));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let wanted = "f.run = ?1 and (?2 is null or f.code = ?2) and (?3 is null or f.first_seen = ?3)";
    let total: i64 = conn.query_row(
        &format!("select count(*) from finding f where {wanted}"),
        params![snapshot.run.0, query.code, new],
        |row| row.get(0),
    )?;
    list.total = u64::try_from(total).unwrap_or_default();
    let columns = columns(conn)?;
    let mut statement = conn.prepare(&format!(
        "select {columns} from {TABLES} where {wanted} order by f.rowid limit ?4"
    ))?;
    list.findings = statement
        .query_map(params![snapshot.run.0, query.code, new, limit], listed)?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = conn.prepare(
        "select code, findings - (select count(*) from finding f where f.run = r.run and f.code = r.code) as more \
         from run_rule r where r.run = ?1 and (?2 is null or code = ?2) and more > 0",
    )?;
    let not_kept = statement.query_map(params![snapshot.run.0, query.code], |row| {
        Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default()))
    })?;
    list.not_kept = not_kept.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

fn read_mended(
    conn: &Connection,
    snapshot: &SnapshotInfo,
    before: &SnapshotInfo,
    query: FindingQuery<'_>,
    list: &mut FindingList,
) -> rusqlite::Result<()> {
    let earlier = recorded_findings::read(conn, before)?;
    let now = recorded_findings::read(conn, snapshot)?;
    let columns = columns(conn)?;
    let mut statement =
        conn.prepare(&format!("select {columns} from {TABLES} where f.rowid = ?1"))?;
    let wanted = |code: &str| query.code.is_none_or(|only| only == code);
    for (code, rule) in earlier.rules.iter().filter(|(code, _)| wanted(code)) {
        let here = now.rules.get(code);
        let identities: Vec<i64> =
            here.iter().flat_map(|here| &here.findings).map(|finding| finding.identity).collect();
        let later = LaterRule {
            // Earlier versions did not record which rules were run.
            run: now.totals.is_empty() || now.totals.contains_key(code),
            complete: here.is_none_or(|here| here.complete),
            identities: &identities,
        };
        // What is published could be read.
        let gone = rule.gone(later, |_| true);
        if gone.unsettled > 0 {
            list.unsettled.insert(code.clone(), gone.unsettled);
        }
        list.total += gone.mended.len() as u64;
        let room = query.limit.saturating_sub(list.findings.len());
        for finding in gone.mended.iter().take(room) {
            let mut found = statement.query_row([finding.place], listed)?;
            found.first_seen = Some(iso(finding.age.first_seen));
            found.deliveries = Some(finding.age.deliveries);
            list.findings.push(found);
        }
    }
    Ok(())
}
