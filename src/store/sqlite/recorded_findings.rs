//! Reads the findings of a recorded run that are compared with those of a delivery.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

use crate::model::{Feed, FindingAge, FindingIdentity, MendedFinding, Message, RunId};
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, FULL};
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::date_reader::DateReader;

/// Reads the findings of the run that published a snapshot. The index has all that is read of them.
pub(super) fn read(
    conn: &Connection,
    snapshot: &SnapshotInfo,
) -> rusqlite::Result<EarlierFindings> {
    let (run, date) = (&snapshot.run, snapshot.date);
    let mut dates = DateReader::default();
    let mut rules: BTreeMap<String, EarlierRule> = BTreeMap::new();
    let (mut kept, mut unnamed) = (BTreeMap::<String, usize>::new(), false);
    let mut statement = conn.prepare(
        "select code, feed, identity, first_seen, deliveries, rowid \
         from finding indexed by finding_life where run = ?1 order by code, feed, identity",
    )?;
    let mut rows = statement.query([&run.0])?;
    let mut code = String::new();
    let mut list: Vec<EarlierFinding> = Vec::new();
    let mut count = 0;
    let mut close = |code: &str, list: Vec<EarlierFinding>, count: usize| {
        if count > 0 {
            kept.insert(code.to_owned(), count);
            rules.insert(code.to_owned(), EarlierRule { complete: true, findings: list });
        }
    };
    while let Some(row) = rows.next()? {
        let next = row.get_ref(0)?.as_str()?;
        if next != code {
            close(&code, std::mem::take(&mut list), std::mem::take(&mut count));
            code = next.to_owned();
        }
        count += 1;
        let Some(feed) = Feed::from_name(row.get_ref(1)?.as_str()?) else { continue };
        let Some(identity) = row.get(2)? else {
            unnamed = true;
            continue;
        };
        let age = age(row, (3, 4), date, &mut dates)?;
        list.push(EarlierFinding { identity, feed, age, place: row.get(5)? });
    }
    close(&code, list, count);
    let totals = totals(conn, run)?;
    for (code, rule) in &mut rules {
        let kept = kept.get(code).copied().unwrap_or_default();
        rule.complete = match totals.get(code) {
            Some(total) => *total <= kept as u64,
            None => kept < FULL,
        };
    }
    if unnamed {
        read_unnamed(conn, run, date, &mut rules)?;
    }
    for rule in rules.values_mut() {
        rule.findings.sort_by_key(|finding| (finding.identity, finding.place));
        rule.findings.dedup_by_key(|finding| finding.identity);
    }
    Ok(EarlierFindings { date, rules, totals })
}

/// The age in two columns; the date itself where they are null.
fn age(
    row: &Row<'_>,
    (first, deliveries): (usize, usize),
    date: NaiveDate,
    dates: &mut DateReader,
) -> rusqlite::Result<FindingAge> {
    let first_seen = dates.read(row.get_ref(first)?)?;
    let deliveries: Option<i64> = row.get(deliveries)?;
    let known = first_seen.zip(deliveries.and_then(|n| u64::try_from(n).ok()));
    let (first_seen, deliveries) = known.unwrap_or((date, 1));
    Ok(FindingAge { first_seen, deliveries })
}

/// True numbers of findings of the rules that were run, by code; none for a run of an earlier version.
pub(super) fn totals(conn: &Connection, run: &RunId) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut statement = conn.prepare("select code, findings from run_rule where run = ?1")?;
    let total =
        |row: &Row<'_>| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default()));
    statement.query_map([&run.0], total)?.collect()
}

/// Findings that an earlier version wrote, which stored no identity. Where neither a key nor the line is known, it cannot
/// be told which finding of the next delivery is the same.
fn read_unnamed(
    conn: &Connection,
    run: &RunId,
    date: NaiveDate,
    rules: &mut BTreeMap<String, EarlierRule>,
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(
        "select f.code, f.feed, f.field, f.key, f.line, q.raw, f.rowid \
         from finding f left join quarantine q on q.run = f.run and q.feed = f.feed and q.line = f.line \
         where f.run = ?1 and f.identity is null",
    )?;
    let mut incomplete = BTreeSet::new();
    let mut rows = statement.query([&run.0])?;
    while let Some(row) = rows.next()? {
        let code = row.get_ref(0)?.as_str()?;
        let Some(feed) = Feed::from_name(row.get_ref(1)?.as_str()?) else { continue };
        let field: Option<String> = row.get(2)?;
        let key: Option<String> = row.get(3)?;
        let line: Option<Vec<u8>> = row.get(5)?;
        let has_line = row.get::<_, Option<i64>>(4)?.is_some();
        if key.is_none() && has_line && line.is_none() {
            incomplete.insert(code.to_owned());
            continue;
        }
        let (field, key, line) = (field.as_deref(), key.as_deref(), line.as_deref());
        let identity = FindingIdentity { code, feed, field, key, line }.hash();
        let age = FindingAge { first_seen: date, deliveries: 1 };
        let rule = rules.entry(code.to_owned()).or_default();
        rule.findings.push(EarlierFinding { identity, feed, age, place: row.get(6)? });
    }
    for code in incomplete {
        rules.entry(code).or_default().complete = false;
    }
    Ok(())
}

/// Which texts of a finding are names; `None` where it is not recorded.
pub(super) fn person_names(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Vec<String>>> {
    let names: Option<String> = row.get(at)?;
    Ok(names.and_then(|names| serde_json::from_str(&names).ok()))
}

/// The findings as a report shows those that are gone.
pub(super) fn details(
    conn: &Connection,
    findings: &[EarlierFinding],
) -> rusqlite::Result<Vec<MendedFinding>> {
    let mut statement = conn.prepare(
        "select code, key, field, line, message_zh, message_en, person_names from finding where rowid = ?1",
    )?;
    let mut found = Vec::with_capacity(findings.len());
    for EarlierFinding { feed, age, place, .. } in findings.iter().copied() {
        found.push(statement.query_row(params![place], |row| {
            let line: Option<i64> = row.get(3)?;
            Ok(MendedFinding {
                code: row.get(0)?,
                feed,
                key: row.get(1)?,
                field: row.get(2)?,
                line: line.and_then(|line| u64::try_from(line).ok()),
                message: Message::new(row.get::<_, String>(4)?, row.get::<_, String>(5)?),
                names: person_names(row, 6)?,
                first_seen: age.first_seen,
                deliveries: age.deliveries,
            })
        })?);
    }
    Ok(found)
}
