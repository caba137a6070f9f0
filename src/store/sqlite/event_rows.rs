//! Writes the events of records: those of one key when its versions change, those of the first date when another date
//! becomes the first.

use chrono::NaiveDate;
use rusqlite::{Connection, Statement, params};

use crate::events::{Event, EventRule, Meaning};
use crate::model::Feed;
use crate::store::dates::iso;
use crate::store::derived_columns::event_table;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;

/// The prepared statements of one event table.
pub(super) struct EventRows<'c> {
    insert: Statement<'c>,
    delete: Statement<'c>,
}

/// Inserts an event, in place of one of the same date, kind and key.
pub(super) fn insert(table: &str) -> String {
    // The columns have the order of the table.
    format!("insert or replace into {table} values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
}

/// Writes an event by such a statement.
pub(super) fn write(
    statement: &mut Statement<'_>,
    key: &str,
    event: &Event,
) -> rusqlite::Result<()> {
    let Event { date, kind, from, to, organ, place } = event;
    statement.execute(params![iso(*date), key, kind.name(), from, to, organ, place]).map(drop)
}

impl<'c> EventRows<'c> {
    /// For a feed; none if no events are told of it.
    pub(super) fn new(conn: &'c Connection, feed: Feed) -> rusqlite::Result<Option<EventRows<'c>>> {
        let Some((table, _)) = event_table(feed) else { return Ok(None) };
        let delete =
            format!("delete from {table} where business_date = ?1 and kind = ?2 and id = ?3");
        let (insert, delete) = (conn.prepare(&insert(table))?, conn.prepare(&delete)?);
        Ok(Some(EventRows { insert, delete }))
    }

    /// Writes the difference of the events that are stored of a key and those that are to be.
    pub(super) fn replace(
        &mut self,
        key: &str,
        old: &[Event],
        new: &[Event],
    ) -> rusqlite::Result<()> {
        let same = |one: &Event, other: &Event| (one.date, one.kind) == (other.date, other.kind);
        for event in old.iter().filter(|old| !new.iter().any(|new| same(old, new))) {
            self.delete.execute(params![iso(event.date), event.kind.name(), key])?;
        }
        for event in new.iter().filter(|new| !old.contains(new)) {
            write(&mut self.insert, key, event)?;
        }
        Ok(())
    }
}

/// Makes the events of the former and the new first date anew, as far as no change of their keys does it: on the first of
/// all dates nobody enters.
pub(super) fn renew_oldest(
    conn: &Connection,
    table: &FeedTable,
    rule: &EventRule,
    before: Option<NaiveDate>,
    after: Option<NaiveDate>,
) -> rusqlite::Result<()> {
    let (Some(before), Some(after), Some((events, _))) = (before, after, event_table(table.feed))
    else {
        return Ok(());
    };
    if before < after {
        conn.execute(&format!("delete from {events} where business_date = ?1"), [iso(after)])?;
    } else if after < before {
        let column = |meaning| {
            let column = rule.position(meaning).and_then(|at| rule.columns().nth(at));
            column.map_or_else(|| "null".to_owned(), quoted)
        };
        let [status, organ, place] = [Meaning::Status, Meaning::Organ, Meaning::Place].map(column);
        let (key, history) = (table.quoted_key(), table.history());
        conn.execute(
            &format!(
                "insert or ignore into {events} \
                 select ?1, {key}, ?2, null, {status}, {organ}, {place} from {}_version as version \
                 where valid_from = ?1 and not exists (select 1 from {history} as earlier \
                 where earlier.{key} = version.{key} and earlier.valid_from < ?1)",
                table.name()
            ),
            [&iso(before), rule.first().name()],
        )?;
    }
    Ok(())
}
