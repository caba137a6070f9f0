//! What differs between two dates, from the versions that begin or end between them; whole snapshots are not compared.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Statement};

use crate::model::Feed;
use crate::store::dates::iso;
use crate::store::error::StoreError;
use crate::store::feed_table::is_snapshot_column;
use crate::store::identifier::quoted;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::snapshots;
use crate::store::tree_layout::tree_table;

/// What became of a record between two dates, the gravest that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is there and never was before.
    Entered,
    /// It is there again, or active again.
    Back,
    /// It is not delivered any more.
    Gone,
    /// It is no longer active: a person who left, a team that was closed.
    Left,
    /// It belongs to another organisation or team, or lies below another one.
    Moved,
    /// Another grade.
    Regraded,
    /// Anything else.
    Changed,
}

impl Change {
    /// All, in the order in which they are shown.
    pub const ALL: [Change; 7] = [
        Change::Entered,
        Change::Back,
        Change::Gone,
        Change::Left,
        Change::Moved,
        Change::Regraded,
        Change::Changed,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Change::Entered => "entered",
            Change::Back => "back",
            Change::Gone => "gone",
            Change::Left => "left",
            Change::Moved => "moved",
            Change::Regraded => "regraded",
            Change::Changed => "changed",
        }
    }
}

/// A column that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub column: String,
    /// What it was; numbers in digits.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

/// A record that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRecord {
    /// Its feed.
    pub feed: Feed,
    /// Its key.
    pub id: String,
    /// Its name on the later date, or on the earlier one if it is gone.
    pub name: Option<String>,
    /// What became of it.
    pub change: Change,
    /// The columns that differ; of a record that was not there before, or is not there any more, the organisation, team
    /// and status it has or had.
    pub columns: Vec<ColumnChange>,
    /// Agents in it and below it on the later date, if it is an organisation or a team that moved.
    pub agents_below: Option<u64>,
}

/// What differs between two dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The earlier snapshot.
    pub from: SnapshotInfo,
    /// The later one.
    pub to: SnapshotInfo,
    /// The records: moved organisations, moved teams, then feed by feed in the order of [`Change::ALL`] and by key.
    pub records: Vec<ChangedRecord>,
    /// Teams and agents that belong to another organisation only because what is above them moved: no records.
    pub moved_along: BTreeMap<Feed, u64>,
}

/// The columns of a feed that say what a change means.
struct Meaning {
    status: Option<&'static str>,
    /// What a record lies below or belongs to; the organisation last.
    places: &'static [&'static str],
    grade: Option<&'static str>,
    name: &'static str,
}

fn meaning(feed: Feed) -> Meaning {
    match feed {
        Feed::Agent => Meaning {
            status: Some("agent_status"),
            places: &["working_node_id", "working_organ_id"],
            grade: Some("agent_grade_level"),
            name: "agent_name",
        },
        Feed::Node => Meaning {
            status: Some("work"),
            places: &["parent_node_id", "organ_id"],
            grade: None,
            name: "node_name",
        },
        Feed::Organ => {
            Meaning { status: None, places: &["parent_id"], grade: None, name: "organ_name" }
        }
        Feed::Principal => Meaning {
            status: Some("principal_status"),
            places: &["organ_id"],
            grade: None,
            name: "principal_name",
        },
    }
}

/// A version's content by column.
type Cells = Vec<Option<String>>;

/// What the versions of a feed are read by.
struct Versions<'c> {
    feed: Feed,
    columns: Vec<String>,
    at: Statement<'c>,
    earlier: Statement<'c>,
}

/// A record on the two dates.
struct Pair {
    id: String,
    before: Option<Cells>,
    after: Option<Cells>,
    was_seen: bool,
}

impl Reader {
    /// What differs between the snapshot in force on a date and the one that this reader shows. `ignored` are columns that
    /// say nothing of their own, by feed: copies of names.
    ///
    /// # Errors
    /// [`StoreError::UnknownDate`] if there is no snapshot of the date or before; any fault of the database.
    pub fn difference(
        &self,
        from: NaiveDate,
        to: &SnapshotInfo,
        ignored: &BTreeSet<(Feed, String)>,
    ) -> Result<Difference, StoreError> {
        let conn = self.connection();
        let earlier = snapshots::at(conn, Some(from)).map_err(|error| self.fault(error))?;
        let Some(earlier) = earlier else {
            let known = snapshots::dates(conn).map_err(|error| self.fault(error))?;
            return Err(StoreError::UnknownDate { date: from, known });
        };
        let read = || -> rusqlite::Result<Difference> {
            let mut difference = Difference {
                from: earlier.clone(),
                to: to.clone(),
                records: Vec::new(),
                moved_along: BTreeMap::new(),
            };
            let mut teams: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
            for feed in [Feed::Organ, Feed::Node, Feed::Principal, Feed::Agent] {
                let mut versions = Versions::new(conn, feed, ignored)?;
                let pairs = versions.pairs(conn, earlier.date, to.date)?;
                if feed == Feed::Node {
                    teams = organ_changes(&versions, &pairs);
                }
                let mut along = 0;
                for pair in pairs {
                    if let Some(record) = versions.record(pair, &teams, &mut along) {
                        difference.records.push(record);
                    }
                }
                if along > 0 {
                    difference.moved_along.insert(feed, along);
                }
            }
            let is_subtree = |record: &ChangedRecord| {
                record.change == Change::Moved && matches!(record.feed, Feed::Organ | Feed::Node)
            };
            let rank = |record: &ChangedRecord| {
                let feeds = [Feed::Organ, Feed::Node, Feed::Agent, Feed::Principal];
                let feed = feeds.iter().position(|feed| *feed == record.feed);
                (!is_subtree(record), feed, record.change)
            };
            difference.records.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id)));
            Ok(difference)
        };
        read().map_err(|error| self.fault(error))
    }

    /// Agents in a record and below it, by the tree of the date that is shown.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn agents_below(&self, forest: &str, id: &str) -> Result<Option<u64>, StoreError> {
        let sql = format!("select agent_count from {} where id = ?1", quoted(&tree_table(forest)));
        let read = || {
            let mut statement = self.connection().prepare_cached(&sql)?;
            statement.query_row([id], |row| row.get::<_, i64>(0)).optional()
        };
        let count: Option<i64> = read().map_err(|error| self.fault(error))?;
        Ok(count.and_then(|count| count.try_into().ok()))
    }
}

/// From which organisation to which the teams went, of those that went.
fn organ_changes(
    versions: &Versions<'_>,
    pairs: &[Pair],
) -> BTreeMap<String, (Option<String>, Option<String>)> {
    let Some(organ) = versions.position("organ_id") else { return BTreeMap::new() };
    let moved = |pair: &Pair| {
        let (before, after) = (pair.before.as_ref()?, pair.after.as_ref()?);
        let (from, to) = (before.get(organ)?.clone(), after.get(organ)?.clone());
        (from != to).then(|| (pair.id.clone(), (from, to)))
    };
    pairs.iter().filter_map(moved).collect()
}

impl<'c> Versions<'c> {
    fn new(
        conn: &'c Connection,
        feed: Feed,
        ignored: &BTreeSet<(Feed, String)>,
    ) -> rusqlite::Result<Versions<'c>> {
        let key = quoted(&key_column(conn, feed)?.unwrap_or_else(|| "id".to_owned()));
        let columns: Vec<String> = columns_of(conn, feed.name())?
            .into_iter()
            .filter(|column| !is_snapshot_column(column) && quoted(column) != key)
            .filter(|column| !ignored.contains(&(feed, column.clone())))
            .collect();
        let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let names = if names.is_empty() { "null".to_owned() } else { names.join(", ") };
        let at = format!(
            "select {names} from main.{feed} where {key} = ?1 and valid_from <= ?2 \
             union all select {names} from main.{feed}_history \
             where {key} = ?1 and valid_from <= ?2 and valid_to > ?2"
        );
        let earlier = format!(
            "select exists (select 1 from main.{feed}_history where {key} = ?1 and valid_from <= ?2)"
        );
        Ok(Versions { feed, columns, at: conn.prepare(&at)?, earlier: conn.prepare(&earlier)? })
    }

    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == column)
    }

    /// The records of which a version begins or ends after one date and up to another, by key.
    fn pairs(
        &mut self,
        conn: &Connection,
        from: NaiveDate,
        to: NaiveDate,
    ) -> rusqlite::Result<Vec<Pair>> {
        let (from, to) = (iso(from), iso(to));
        let mut statement = conn.prepare(&candidates(conn, self.feed)?)?;
        let ids = statement.query_map([&from, &to], |row| row.get::<_, String>(0))?;
        let mut pairs = Vec::new();
        for id in ids {
            let id = id?;
            let before = self.version(&id, &from)?;
            let after = self.version(&id, &to)?;
            let was_seen = before.is_none()
                && self.earlier.query_row([&id, &from], |row| row.get::<_, bool>(0))?;
            pairs.push(Pair { id, before, after, was_seen });
        }
        Ok(pairs)
    }

    fn version(&mut self, id: &str, date: &str) -> rusqlite::Result<Option<Cells>> {
        let count = self.columns.len();
        self.at
            .query_row([id, date], |row| {
                (0..count)
                    .map(|at| {
                        Ok(match row.get_ref(at)? {
                            ValueRef::Null | ValueRef::Blob(_) => None,
                            ValueRef::Integer(number) => Some(number.to_string()),
                            ValueRef::Real(number) => Some(number.to_string()),
                            ValueRef::Text(text) => {
                                Some(String::from_utf8_lossy(text).into_owned())
                            }
                        })
                    })
                    .collect::<rusqlite::Result<Cells>>()
            })
            .optional()
    }

    /// The record, if it differs. What belongs to another organisation because its team does is counted in `along` and is
    /// no record unless more of it differs.
    fn record(
        &self,
        pair: Pair,
        teams: &BTreeMap<String, (Option<String>, Option<String>)>,
        along: &mut u64,
    ) -> Option<ChangedRecord> {
        let meaning = meaning(self.feed);
        let cell = |cells: &Option<Cells>, column: &str| {
            cells.as_ref()?.get(self.position(column)?)?.clone()
        };
        let (before, after) = (&pair.before, &pair.after);
        let mut columns: Vec<ColumnChange> = Vec::new();
        for column in &self.columns {
            let (from, to) = (cell(before, column), cell(after, column));
            let is_told = before.is_some() && after.is_some()
                || meaning.places.contains(&column.as_str())
                || meaning.status == Some(column.as_str());
            if from != to && is_told {
                columns.push(ColumnChange { column: column.clone(), from, to });
            }
        }
        let differs = |name: &str| columns.iter().any(|change| change.column == name);
        let change = match (before, after) {
            (None, None) => return None,
            (None, Some(_)) if pair.was_seen => Change::Back,
            (None, Some(_)) => Change::Entered,
            (Some(_), None) => Change::Gone,
            (Some(_), Some(_)) => {
                let status = |cells| meaning.status.and_then(|status| cell(cells, status));
                let went = (status(before), status(after));
                let is = |status: &Option<String>, code: &str| status.as_deref() == Some(code);
                if is(&went.0, "1") && is(&went.1, "2") {
                    Change::Left
                } else if is(&went.0, "2") && is(&went.1, "1") {
                    Change::Back
                } else if meaning.places.iter().any(|place| differs(place)) {
                    let above = match self.feed {
                        Feed::Agent => cell(after, "working_node_id"),
                        Feed::Node => cell(after, "parent_node_id"),
                        Feed::Organ | Feed::Principal => None,
                    };
                    let own = meaning.places.first().is_some_and(|place| differs(place));
                    let organ = meaning.places.last().copied().unwrap_or_default();
                    let with = above.and_then(|above| teams.get(&above));
                    let went = (cell(before, organ), cell(after, organ));
                    if !own && with.is_some_and(|with| *with == went) {
                        *along += 1;
                        columns.retain(|change| change.column != organ);
                        self.without_move(&columns, &meaning)?
                    } else {
                        Change::Moved
                    }
                } else {
                    self.without_move(&columns, &meaning)?
                }
            }
        };
        let name = cell(after, meaning.name).or_else(|| cell(before, meaning.name));
        Some(ChangedRecord {
            feed: self.feed,
            id: pair.id,
            name,
            change,
            columns,
            agents_below: None,
        })
    }

    /// What a change is that is no move; none if nothing differs.
    fn without_move(&self, columns: &[ColumnChange], meaning: &Meaning) -> Option<Change> {
        let is_grade = |change: &ColumnChange| meaning.grade == Some(change.column.as_str());
        match columns {
            [] => None,
            columns if columns.iter().any(is_grade) => Some(Change::Regraded),
            _ => Some(Change::Changed),
        }
    }
}

/// The keys of which a version begins or ends after `?1` and up to `?2`. The events of a feed are kept by date; a feed
/// without events is small, or its tables are read through.
fn candidates(conn: &Connection, feed: Feed) -> rusqlite::Result<String> {
    let events = format!("{feed}_event");
    let has_events = !columns_of(conn, &events)?.is_empty();
    if has_events {
        return Ok(format!(
            "select distinct id from main.{events} where business_date > ?1 and business_date <= ?2 order by id"
        ));
    }
    let key = quoted(&key_column(conn, feed)?.unwrap_or_else(|| "id".to_owned()));
    Ok(format!(
        "select {key} from main.{feed} where valid_from > ?1 and valid_from <= ?2 \
         union select {key} from main.{feed}_history \
         where valid_from > ?1 and valid_from <= ?2 or valid_to > ?1 and valid_to <= ?2 order by 1"
    ))
}
