//! Reads and writes the agents of each organisation by date, and those in it and below it by the hierarchy of that date.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use crate::config::schema::Schema;
use crate::headcount::{Counts, Group, Headcount, with_those_below};
use crate::model::Feed;
use crate::store::dates::iso;
use crate::store::derived_columns::parent_column;
use crate::store::headcount_change::{Day, HeadcountStore, MANY_GROUPS};
use crate::store::identifier::quoted;

/// All organisations of the table; its key begins with them, so that it has not to be read whole.
const ORGANS: &str = "with recursive organ (id) as (select min(organ_id) from headcount union all \
                      select (select min(organ_id) from headcount where organ_id > organ.id) \
                      from organ where organ.id is not null) select id from organ where id is not null";

/// The hierarchy of organisations on any date.
struct Hierarchy {
    /// Of one organisation; of all of them. None where organisations have no hierarchy.
    sql: Option<[String; 2]>,
}

impl Hierarchy {
    /// That of a schema.
    fn new(schema: &Schema) -> Hierarchy {
        let key = quoted(&schema.feed(Feed::Organ).key_field().column);
        let sql = parent_column(schema).map(|parent| {
            let parent = quoted(parent);
            let of = |what: &str, further: &str| {
                format!(
                    "select {what} from organ where valid_from <= ?1{further} union all \
                     select {what} from organ_history where valid_from <= ?1 and ?1 < valid_to{further}"
                )
            };
            [of(&parent, &format!(" and {key} = ?2")), of(&format!("{key}, {parent}"), "")]
        });
        Hierarchy { sql }
    }

    /// The agents of a date, with those below. `counts` may be differences of them.
    fn sum(
        &self,
        conn: &Connection,
        date: NaiveDate,
        counts: &Counts<Group>,
    ) -> rusqlite::Result<Day> {
        let Some([one, all]) = &self.sql else { return with_those_below(counts, |_| Ok(None)) };
        let date = iso(date);
        if counts.len() < MANY_GROUPS {
            let mut statement = conn.prepare_cached(one)?;
            return with_those_below(counts, |organ| {
                statement.query_row([&date, organ], |row| row.get(0)).optional()
            });
        }
        let mut statement = conn.prepare_cached(all)?;
        let parents = statement.query_map([&date], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let parents: HashMap<String, Option<String>> = parents.collect::<rusqlite::Result<_>>()?;
        with_those_below(counts, |organ| Ok(parents.get(organ).cloned()))
    }
}

/// The prepared statements of the table.
pub(super) struct HeadcountRows<'c> {
    conn: &'c Connection,
    hierarchy: Hierarchy,
    of_date: Statement<'c>,
    get: Statement<'c>,
    put: Statement<'c>,
    delete: Statement<'c>,
}

impl<'c> HeadcountRows<'c> {
    /// Prepares them.
    pub(super) fn new(
        conn: &'c Connection,
        schema: &Schema,
    ) -> rusqlite::Result<HeadcountRows<'c>> {
        let key = "organ_id = ?1 and business_date = ?2 and channel = ?3 and agent_status = ?4";
        Ok(HeadcountRows {
            conn,
            hierarchy: Hierarchy::new(schema),
            of_date: conn.prepare(&format!(
                "select organ_id, channel, agent_status, agents, agents_below from headcount \
                 where organ_id in ({ORGANS}) and business_date = ?1"
            ))?,
            get: conn
                .prepare(&format!("select agents, agents_below from headcount where {key}"))?,
            put: conn.prepare(
                "insert into headcount (organ_id, business_date, channel, agent_status, agents, agents_below) \
                 values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update set \
                 agents = excluded.agents, agents_below = excluded.agents_below",
            )?,
            delete: conn.prepare(&format!("delete from headcount where {key}"))?,
        })
    }
}

impl HeadcountStore for HeadcountRows<'_> {
    type Error = rusqlite::Error;

    fn of(&mut self, date: NaiveDate) -> rusqlite::Result<Day> {
        let mut rows = self.of_date.query([iso(date)])?;
        let mut day = Day::new();
        while let Some(row) = rows.next()? {
            let (organ, channel, status) = (code(row, 0)?, code(row, 1)?, code(row, 2)?);
            let headcount = Headcount { agents: row.get(3)?, below: row.get(4)? };
            day.insert(Group { organ, channel, status }, headcount);
        }
        Ok(day)
    }

    fn get(&mut self, date: NaiveDate, group: &Group) -> rusqlite::Result<Option<Headcount>> {
        let Group { organ, channel, status } = group;
        let headcount = |row: &Row<'_>| Ok(Headcount { agents: row.get(0)?, below: row.get(1)? });
        self.get.query_row(params![organ, iso(date), channel, status], headcount).optional()
    }

    fn set(
        &mut self,
        date: NaiveDate,
        group: &Group,
        headcount: Headcount,
    ) -> rusqlite::Result<()> {
        let Group { organ, channel, status } = group;
        let Headcount { agents, below } = headcount;
        let date = iso(date);
        // The type of a code is that of its column.
        match below {
            0 => self.delete.execute(params![organ, date, channel, status])?,
            _ => self.put.execute(params![organ, date, channel, status, agents, below])?,
        };
        Ok(())
    }

    fn forget(&mut self, date: NaiveDate) -> rusqlite::Result<()> {
        let sql =
            format!("delete from headcount where organ_id in ({ORGANS}) and business_date = ?1");
        self.conn.execute(&sql, [iso(date)]).map(drop)
    }

    fn sum(&mut self, date: NaiveDate, counts: &Counts<Group>) -> rusqlite::Result<Day> {
        self.hierarchy.sum(self.conn, date, counts)
    }
}

fn code(row: &Row<'_>, at: usize) -> rusqlite::Result<Arc<str>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(number) => number.to_string().into(),
        text => text.as_str()?.into(),
    })
}
