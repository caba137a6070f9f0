//! The findings of the published date before, as far as they are compared with those of a delivery.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

use crate::model::{Feed, FindingAge, FindingIdentity, MendedFinding, Message, RunId};
use crate::store::dates::DateReader;
use crate::store::snapshot::SnapshotInfo;

/// The findings of the published date before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierFindings {
    /// That date.
    pub date: NaiveDate,
    /// By code; only rules that found something.
    pub rules: BTreeMap<String, EarlierRule>,
    /// True number of findings of the rules that were run, by code; empty for a run of an earlier version.
    pub totals: BTreeMap<String, u64>,
}

/// What a later delivery has of one rule.
#[derive(Debug, Clone, Copy)]
pub struct LaterRule<'a> {
    /// Whether the rule was run.
    pub run: bool,
    /// Whether all that it found is known.
    pub complete: bool,
    /// Identities of its findings, sorted.
    pub identities: &'a [i64],
}

/// What became of the findings of a rule that a later delivery does not have, each finding once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoneFindings {
    /// Those that are mended, in the order in which they were recorded.
    pub mended: Vec<EarlierFinding>,
    /// How many may be there still.
    pub unsettled: u64,
}

/// What a rule found on that date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarlierRule {
    /// Whether the run kept all that the rule found, and it is known what they are about.
    pub complete: bool,
    /// By identity, each once.
    pub findings: Vec<EarlierFinding>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierFinding {
    /// What makes it the same in another delivery.
    pub identity: i64,
    /// The feed.
    pub feed: Feed,
    /// Its age; the date itself where no more is known.
    pub age: FindingAge,
    /// Where it is stored.
    pub(super) rowid: i64,
}

impl EarlierFindings {
    /// The age of a finding of the next published date. What a rule found on the date before is not known in full if it
    /// found more than its run kept: then a finding that is not among those kept may be new or not, and has no age.
    pub fn age_after(
        before: Option<&EarlierFindings>,
        code: &str,
        identity: i64,
        date: NaiveDate,
    ) -> Option<FindingAge> {
        let new = FindingAge { first_seen: date, deliveries: 1 };
        let Some(rule) = before.and_then(|before| before.rules.get(code)) else {
            return Some(new);
        };
        match rule.find(identity) {
            Some(EarlierFinding { age, .. }) => {
                Some(FindingAge { deliveries: age.deliveries + 1, ..*age })
            }
            None => rule.complete.then_some(new),
        }
    }
}

impl EarlierRule {
    /// The finding of that identity.
    pub fn find(&self, identity: i64) -> Option<&EarlierFinding> {
        let at = self.findings.binary_search_by_key(&identity, |finding| finding.identity).ok()?;
        self.findings.get(at)
    }

    /// What became of those that a later delivery does not have. A finding is not mended if its rule was not run then, if
    /// its file could not be read, or if the rule found more than is known.
    pub fn gone(&self, later: LaterRule<'_>, readable: impl Fn(Feed) -> bool) -> GoneFindings {
        let missing = self
            .findings
            .iter()
            .filter(|finding| later.identities.binary_search(&finding.identity).is_err());
        let (mut mended, unsettled): (Vec<EarlierFinding>, Vec<EarlierFinding>) =
            missing.partition(|finding| later.run && later.complete && readable(finding.feed));
        mended.sort_unstable_by_key(|finding| finding.rowid);
        GoneFindings { mended, unsettled: unsettled.len() as u64 }
    }
}

/// A run keeps this many findings a code at most; of runs whose true numbers are not recorded, a full list may not be
/// all.
const FULL: usize = 100_000;

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
        list.push(EarlierFinding { identity, feed, age, rowid: row.get(5)? });
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
        rule.findings.sort_by_key(|finding| (finding.identity, finding.rowid));
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
        rule.findings.push(EarlierFinding { identity, feed, age, rowid: row.get(6)? });
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
    for EarlierFinding { feed, age, rowid, .. } in findings.iter().copied() {
        found.push(statement.query_row(params![rowid], |row| {
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
