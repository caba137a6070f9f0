//! Everything that the database holds of one record: its versions, its places, its quarantined lines, its findings.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use crate::config::schema::{Reference, Schema};
use crate::model::{
    ArchiveState, ColumnValue, DeliveryTrace, Explanation, Feed, LineFate, Message, RecordState,
    RecordVersion, RunId, TraceRole, TracedFile, TracedLine, ValueChange,
};
use crate::store::dates::iso;
use crate::store::error::StoreError;
use crate::store::feed_table::is_snapshot_column;
use crate::store::identifier::quoted;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::episodes::{self, Episodes, Named, Subject};
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::places;
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::snapshots;

/// What the database says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordView {
    /// Nothing is published yet.
    NothingPublished,
    /// Nothing was published before this date.
    NotBefore(NaiveDate),
    /// No published delivery has had the key.
    Unknown,
    /// The record; no archived file is read yet.
    Known(Box<Explanation>),
}

impl Reader {
    /// A record on the newest published date that is not after `date`, or on the newest of all.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn record(
        &self,
        schema: &Schema,
        feed: Feed,
        id: &str,
        date: Option<NaiveDate>,
    ) -> Result<RecordView, StoreError> {
        if self.is_blank()? {
            return Ok(RecordView::NothingPublished);
        }
        let read = || -> rusqlite::Result<RecordView> {
            // One transaction, so that the parts are of one state.
            let conn = self.connection().unchecked_transaction()?;
            match snapshots::at(&conn, date)? {
                None => Ok(match snapshots::oldest(&conn)? {
                    Some(oldest) => RecordView::NotBefore(oldest.date),
                    None => RecordView::NothingPublished,
                }),
                Some(snapshot) => {
                    let record = Record { conn: &conn, schema, feed, id };
                    record.on(&snapshot)
                }
            }
        };
        read().map_err(|error| self.fault(error))
    }
}

struct Record<'a> {
    conn: &'a Connection,
    schema: &'a Schema,
    feed: Feed,
    id: &'a str,
}

/// A version with its values, in the order of the columns.
struct Stored {
    from: NaiveDate,
    to: Option<NaiveDate>,
    values: Vec<Option<String>>,
}

impl Record<'_> {
    fn on(&self, snapshot: &SnapshotInfo) -> rusqlite::Result<RecordView> {
        let date = snapshot.date;
        let columns: Vec<String> = columns_of(self.conn, self.feed.name())?
            .into_iter()
            .filter(|column| !is_snapshot_column(column))
            .collect();
        let versions = self.versions(&columns)?;
        let carried = self.carried()?;
        let bad = self.quarantined(&snapshot.run)?;
        let last_seen = match versions.is_empty() && bad.is_empty() {
            true => self.last_quarantined(Some(date))?,
            false => None,
        };
        let never_good = versions.is_empty() && bad.is_empty();
        if never_good && last_seen.is_none() && self.last_quarantined(None)?.is_none() {
            return Ok(RecordView::Unknown);
        }
        let here = versions.iter().find(|version| covers(version.from, version.to, date));
        let carry = carried.iter().find(|(from, to)| covers(*from, *to, date));
        let gone = versions.iter().rev().find_map(|version| version.to.filter(|to| *to <= date));
        let state = match (here, carry) {
            (Some(_), Some((since, _))) => RecordState::Carried { since: *since },
            (Some(version), None) => RecordState::Published { since: version.from },
            (None, _) if !bad.is_empty() => RecordState::Quarantined,
            (None, _) => RecordState::Absent { since: gone },
        };
        let mut deliveries = vec![self.trace(TraceRole::OfDate, snapshot, bad)?];
        // The last good row came on the date before the carrying began, or before the record was gone.
        let after_good = match state {
            RecordState::Carried { since } => Some(since),
            RecordState::Absent { since: Some(since) } => {
                let ended = carried.iter().find(|(_, to)| *to == Some(since));
                Some(ended.map_or(since, |(from, _)| *from))
            }
            _ => None,
        };
        let good = after_good.map(|after| snapshots::newest(self.conn, Some(after))).transpose()?;
        if let Some(good) = good.flatten() {
            let bad = self.quarantined(&good.run)?;
            deliveries.push(self.trace(TraceRole::LastGood, &good, bad)?);
        }
        if let Some(seen) = last_seen {
            let bad = self.quarantined(&seen.run)?;
            deliveries.push(self.trace(TraceRole::LastSeen, &seen, bad)?);
        }
        let titles = self.titles(&columns)?;
        let values = here.map(|version| values(&columns, &titles, &version.values));
        let places = match here {
            Some(_) => places::of(self.conn, self.schema, (self.feed, self.id), date)?,
            None => Vec::new(),
        };
        let Episodes { now, before } = self.findings(date, &columns, (&versions, &carried))?;
        Ok(RecordView::Known(Box::new(Explanation {
            feed: self.feed,
            id: self.id.to_owned(),
            date,
            state,
            values: values.unwrap_or_default(),
            deliveries,
            places,
            versions: history(&columns, &titles, &versions),
            carried,
            findings: now,
            earlier_findings: before,
        })))
    }

    fn versions(&self, columns: &[String]) -> rusqlite::Result<Vec<Stored>> {
        let Some(key) = key_column(self.conn, self.feed)? else { return Ok(Vec::new()) };
        let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let mut statement = self.conn.prepare(&format!(
            "select valid_from, valid_to, {} from {}_version where {} = ?1 order by valid_from",
            list.join(", "),
            self.feed,
            quoted(&key)
        ))?;
        let version = |row: &rusqlite::Row<'_>| {
            let values = (2..columns.len() + 2).map(|at| text(row.get_ref(at)?));
            Ok(Stored {
                from: date(row, 0)?.unwrap_or_default(),
                to: date(row, 1)?,
                values: values.collect::<rusqlite::Result<_>>()?,
            })
        };
        statement.query_map([self.id], version)?.collect()
    }

    fn carried(&self) -> rusqlite::Result<Vec<(NaiveDate, Option<NaiveDate>)>> {
        let mut statement = self.conn.prepare(
            "select carried_from, carried_to from carry where feed = ?1 and id = ?2 order by carried_from",
        )?;
        let interval =
            |row: &rusqlite::Row<'_>| Ok((date(row, 0)?.unwrap_or_default(), date(row, 1)?));
        statement.query_map(params![self.feed.name(), self.id], interval)?.collect()
    }

    /// The quarantined lines of a run with this key.
    fn quarantined(&self, run: &RunId) -> rusqlite::Result<Vec<TracedLine>> {
        let mut statement = self.conn.prepare(
            "select line, text, rules from quarantine where run = ?1 and feed = ?2 and key = ?3 order by line",
        )?;
        let line = |row: &rusqlite::Row<'_>| {
            let rules: String = row.get(2)?;
            Ok(TracedLine {
                line: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
                bytes: None,
                text: row.get(1)?,
                fields: Vec::new(),
                fate: LineFate::Quarantined(rules.split(',').map(str::to_owned).collect()),
            })
        };
        statement.query_map(params![run.0, self.feed.name(), self.id], line)?.collect()
    }

    /// The newest published date with a quarantined row of the key, or the newest up to a date.
    fn last_quarantined(&self, date: Option<NaiveDate>) -> rusqlite::Result<Option<SnapshotInfo>> {
        self.conn
            .query_row(
                "select s.business_date, s.run, s.agent_rows, s.node_rows, s.organ_rows, s.principal_rows \
                 from snapshot s cross join quarantine q on q.run = s.run and q.feed = ?1 and q.key = ?2 \
                 where ?3 is null or s.business_date <= ?3 order by s.business_date desc limit 1",
                params![self.feed.name(), self.id, date.map(iso)],
                snapshots::from_row,
            )
            .optional()
    }

    fn trace(
        &self,
        role: TraceRole,
        snapshot: &SnapshotInfo,
        lines: Vec<TracedLine>,
    ) -> rusqlite::Result<DeliveryTrace> {
        let file = self
            .conn
            .query_row(
                "select name, sha256, size, encoding, delimiter, header from source_file where run = ?1 and feed = ?2",
                params![snapshot.run.0, self.feed.name()],
                |row| {
                    Ok(TracedFile {
                        name: row.get(0)?,
                        container: None,
                        sha256: row.get(1)?,
                        size: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
                        encoding: row.get(3)?,
                        delimiter: row.get(4)?,
                        header: row.get(5)?,
                    })
                },
            )
            .optional()?;
        let file = file.unwrap_or_else(|| TracedFile {
            name: self.schema.feed(self.feed).file_name.clone(),
            container: None,
            sha256: None,
            size: 0,
            encoding: None,
            delimiter: None,
            header: None,
        });
        let unread = Message::fixed("尚未读取", "not read yet");
        Ok(DeliveryTrace {
            role,
            date: snapshot.date,
            run: snapshot.run.clone(),
            file,
            archive: ArchiveState::Unusable(unread),
            lines,
        })
    }

    /// The titles of columns, as the database documents them.
    fn titles(&self, columns: &[String]) -> rusqlite::Result<BTreeMap<String, Message>> {
        let mut statement = self.conn.prepare(
            "select column_name, title_zh, title_en from data_dictionary where table_name = ?1",
        )?;
        let known: BTreeMap<String, Message> = statement
            .query_map([self.feed.name()], |row| {
                Ok((row.get(0)?, Message::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?)))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let title = |column: &String| {
            let plain = || Message::new(column.clone(), column.clone());
            (column.clone(), known.get(column).cloned().unwrap_or_else(plain))
        };
        Ok(columns.iter().map(title).collect())
    }

    /// The findings of the record on a date, and those before that it does not have any more.
    fn findings(
        &self,
        date: NaiveDate,
        columns: &[String],
        (versions, carried): (&[Stored], &[(NaiveDate, Option<NaiveDate>)]),
    ) -> rusqlite::Result<Episodes> {
        // By the references that have a rule: where their columns are.
        let references: Vec<(&Reference, usize)> = self
            .schema
            .references
            .iter()
            .filter(|reference| reference.feed == self.feed)
            .filter_map(|reference| {
                let field = self.schema.feed(self.feed).position(&reference.field)?;
                let column = &self.schema.feed(self.feed).fields.get(field)?.column;
                Some((reference, columns.iter().position(|stored| stored == column)?))
            })
            .collect();
        let refers = |on: NaiveDate| -> Vec<Named> {
            // What is carried was not delivered on the date.
            if carried.iter().any(|(from, to)| covers(*from, *to, on)) {
                return Vec::new();
            }
            let version = versions.iter().find(|version| covers(version.from, version.to, on));
            let named = |(reference, at): &(&Reference, usize)| {
                let key = version?.values.get(*at)?.clone()?;
                Some(Named { code: reference.rule.clone(), field: reference.field.clone(), key })
            };
            references.iter().filter_map(named).collect()
        };
        let subject = Subject { feed: self.feed, id: self.id, refers: &refers };
        episodes::read(self.conn, &subject, date)
    }
}

/// Whether an interval, whose end is exclusive, has a date.
fn covers(from: NaiveDate, to: Option<NaiveDate>, date: NaiveDate) -> bool {
    from <= date && to.is_none_or(|to| date < to)
}

fn date(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<NaiveDate>> {
    Ok(row.get::<_, Option<String>>(at)?.and_then(|text| text.parse().ok()))
}

fn text(value: ValueRef<'_>) -> rusqlite::Result<Option<String>> {
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        other => Some(other.as_str()?.to_owned()),
    })
}

fn title_of(titles: &BTreeMap<String, Message>, column: &str) -> Message {
    titles.get(column).cloned().unwrap_or_else(|| Message::new(column, column))
}

fn values(
    columns: &[String],
    titles: &BTreeMap<String, Message>,
    values: &[Option<String>],
) -> Vec<ColumnValue> {
    let value = |(column, value): (&String, &Option<String>)| ColumnValue {
        column: column.clone(),
        title: title_of(titles, column),
        value: value.clone(),
    };
    columns.iter().zip(values).map(value).collect()
}

/// The versions with what each changed.
fn history(
    columns: &[String],
    titles: &BTreeMap<String, Message>,
    versions: &[Stored],
) -> Vec<RecordVersion> {
    let mut before: Option<&Stored> = None;
    let mut history = Vec::with_capacity(versions.len());
    for version in versions {
        let changes = before.map(|before| {
            let pairs = columns.iter().zip(before.values.iter().zip(&version.values));
            let changed = pairs.filter(|(_, (from, to))| from != to);
            let change = |(column, (from, to)): (&String, (&Option<String>, &Option<String>))| {
                let title = title_of(titles, column);
                ValueChange { column: column.clone(), title, from: from.clone(), to: to.clone() }
            };
            changed.map(change).collect()
        });
        let changes = changes.unwrap_or_default();
        history.push(RecordVersion { from: version.from, to: version.to, changes });
        before = Some(version);
    }
    history
}
