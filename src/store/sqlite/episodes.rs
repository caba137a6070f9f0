//! The findings of one record over the published dates: from which date to which it had each of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, Row, Statement, params};
use serde_json::json;

use crate::model::{Feed, ListedFinding, RunId};
use crate::store::dates::iso;
use crate::store::sqlite::finding_list::{COLUMNS, TABLES, columns, listed};
use crate::store::sqlite::snapshots;

/// The rules that name several records in one finding, by the key of the first.
const OF_SEVERAL: &str = "'K304', 'T601', 'T602'";

/// A reference of the record, as its rule names it in a finding: by the key that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The rule.
    pub(super) code: String,
    /// The field.
    pub(super) field: String,
    /// The key that it names.
    pub(super) key: String,
}

/// A record, and what its row of a date refers to.
pub(super) struct Subject<'a> {
    pub(super) feed: Feed,
    pub(super) id: &'a str,
    pub(super) refers: &'a dyn Fn(NaiveDate) -> Vec<Named>,
}

/// The findings of a record.
#[derive(Debug, Default)]
pub(super) struct Episodes {
    /// Those of the date, as they are recorded.
    pub(super) now: Vec<ListedFinding>,
    /// Each unbroken row of published dates that had one and came to an end, with its last date: the newest first. First
    /// date and number are those of the record: a finding of several records can be older than its row in it.
    pub(super) before: Vec<(NaiveDate, ListedFinding)>,
}

/// What makes a finding of the record the same on another date: code, field, and the key, or the identity without one.
type Same = (String, Option<String>, Option<String>, Option<i64>);

struct Episode {
    first: NaiveDate,
    last: NaiveDate,
    deliveries: u64,
    finding: ListedFinding,
}

/// Reads the findings of a record on all published dates up to one.
pub(super) fn read(
    conn: &Connection,
    subject: &Subject<'_>,
    date: NaiveDate,
) -> rusqlite::Result<Episodes> {
    let mut search = Search::prepare(conn, subject)?;
    let mut episodes = Episodes::default();
    let mut open: BTreeMap<Same, Episode> = BTreeMap::new();
    for on in snapshots::dates(conn)?.into_iter().filter(|on| *on <= date) {
        let Some(published) = snapshots::of(conn, on)? else { continue };
        let mut next: BTreeMap<Same, Episode> = BTreeMap::new();
        for (finding, identity) in search.on(on, &published.run)? {
            let identity = identity.filter(|_| finding.key.is_none());
            let same = (finding.code.clone(), finding.field.clone(), finding.key.clone(), identity);
            if on == date {
                episodes.now.push(finding.clone());
            }
            let before = open.remove(&same);
            let (first, deliveries) =
                before.map_or((on, 0), |before| (before.first, before.deliveries));
            let episode = Episode { first, last: on, deliveries: deliveries + 1, finding };
            // Several findings on one date can be the same: it is one delivery all the same.
            next.entry(same).or_insert(episode);
        }
        episodes.before.extend(std::mem::replace(&mut open, next).into_values().map(ended));
    }
    // Those that are open still are the ones of the date.
    episodes.before.sort_by(|(a, _), (b, _)| b.cmp(a));
    Ok(episodes)
}

fn ended(episode: Episode) -> (NaiveDate, ListedFinding) {
    let Episode { first, last, deliveries, finding } = episode;
    let (first_seen, deliveries) = (Some(iso(first)), Some(deliveries));
    (last, ListedFinding { first_seen, deliveries, ..finding })
}

/// The queries of one date, each through an index or over few rows.
struct Search<'c, 'a> {
    subject: &'a Subject<'a>,
    by_key: Statement<'c>,
    of_several: Statement<'c>,
    quarantined: Statement<'c>,
    on_lines: Statement<'c>,
}

impl<'c, 'a> Search<'c, 'a> {
    fn prepare(conn: &'c Connection, subject: &'a Subject<'a>) -> rusqlite::Result<Search<'c, 'a>> {
        let columns = columns(conn)?;
        let statement = |wanted: &str| {
            conn.prepare(&format!(
                "select {columns}, f.identity, f.rowid from {TABLES} \
                 where f.run = ?1 and f.feed = ?2 and {wanted}"
            ))
        };
        Ok(Search {
            subject,
            by_key: statement("f.key in (select value from json_each(?3))")?,
            of_several: statement(&format!(
                "f.code in ({OF_SEVERAL}) and exists (select 1 from json_each(f.related) r \
                 where r.value ->> 'key' = ?3 and r.value ->> 'feed' = ?2)"
            ))?,
            quarantined: conn
                .prepare("select line from quarantine where run = ?1 and feed = ?2 and key = ?3")?,
            on_lines: statement(
                "exists (select 1 from json_each(f.lines) l join json_each(?3) w on w.value = l.value)",
            )?,
        })
    }

    /// The findings of the record on a date, as they were recorded, with their identities.
    fn on(
        &mut self,
        date: NaiveDate,
        run: &RunId,
    ) -> rusqlite::Result<Vec<(ListedFinding, Option<i64>)>> {
        let Subject { feed, id, refers } = self.subject;
        let feed = feed.name();
        let refers = refers(date);
        let keys: Vec<&str> = refers.iter().map(|named| named.key.as_str()).chain([*id]).collect();
        let found = |row: &Row<'_>| {
            Ok((row.get::<_, i64>(COLUMNS + 1)?, (listed(row)?, row.get(COLUMNS)?)))
        };
        let mut all: BTreeMap<i64, (ListedFinding, Option<i64>)> = BTreeMap::new();
        for row in self.by_key.query_map(params![run.0, feed, json!(keys).to_string()], found)? {
            let (rowid, found) = row?;
            let finding = &found.0;
            let names = |named: &Named| {
                named.code == finding.code
                    && Some(&named.field) == finding.field.as_ref()
                    && Some(&named.key) == finding.key.as_ref()
            };
            if finding.key.as_deref() == Some(*id) || refers.iter().any(names) {
                all.insert(rowid, found);
            }
        }
        for row in self.of_several.query_map(params![run.0, feed, id], found)? {
            let (rowid, found) = row?;
            all.insert(rowid, found);
        }
        let lines: Vec<i64> = self
            .quarantined
            .query_map(params![run.0, feed, id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if !lines.is_empty() {
            let lines = json!(lines).to_string();
            for row in self.on_lines.query_map(params![run.0, feed, lines], found)? {
                let (rowid, found) = row?;
                all.insert(rowid, found);
            }
        }
        Ok(all.into_values().collect())
    }
}
