//! Fills the derived tables from nothing: for a database that has versions and none of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::config::schema::Schema;
use crate::events::{Cells, Line};
use crate::headcount::{Counts, Differences, Group, Headcount};
use crate::model::{Feed, PerFeed, RowCounter};
use crate::store::derived_columns::{DerivedColumns, event_table};
use crate::store::feed_table::FeedTable;
use crate::store::headcount_change::HeadcountStore;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::sqlite::derived_tables::create_event_index;
use crate::store::sqlite::event_rows;
use crate::store::sqlite::headcount_rows::HeadcountRows;
use crate::store::sqlite::snapshots;
use crate::store::sqlite::version_cells::{cells, select};
use crate::timeline::Interval;

/// Most rows of the headcount that are held before they are written.
const ROWS_HELD: usize = 500_000;

/// Makes all rows of the derived tables anew, in the open transaction. Tells the counter of the versions that are read.
pub(in crate::store) fn fill(
    conn: &Connection,
    schema: &Schema,
    tables: &PerFeed<FeedTable>,
    counter: RowCounter<'_>,
) -> rusqlite::Result<()> {
    let dates = snapshots::dates(conn)?;
    let oldest = dates.first().copied();
    let mut groups = Groups::default();
    let mut agents = Differences::default();
    for feed in [Feed::Agent, Feed::Node] {
        let columns = DerivedColumns::new(schema, &tables[feed]);
        let (Some((table, _)), Some(rule)) = (event_table(feed), &columns.events) else { continue };
        // They are told key by key, and written in the order of the table.
        conn.execute_batch(&format!(
            "delete from {table}; drop index if exists {table}_id; \
             create temp table told as select * from {table} where false;"
        ))?;
        let mut insert = conn.prepare(&event_rows::insert("told"))?;
        each_key(conn, &tables[feed], &columns, counter, |key, versions| {
            let line: Vec<(Interval, &Cells)> =
                versions.iter().map(|(valid, cells)| (*valid, cells.as_slice())).collect();
            let line = Line { versions: &line, had_version: false, oldest };
            for event in rule.events(&line, NaiveDate::MIN) {
                event_rows::write(&mut insert, key, &event)?;
            }
            if columns.counted_by.is_some() {
                count(versions, &columns, &mut groups, &mut agents);
            }
            Ok(())
        })?;
        drop(insert);
        conn.execute_batch(&format!(
            "insert into {table} select * from told order by 1, 3, 2; drop table told; {};",
            create_event_index(table)
        ))?;
    }
    fill_headcount(conn, schema, &dates, &groups, &agents)
}

/// Numbers of groups, which are held in place of their texts.
#[derive(Debug, Default)]
struct Groups {
    numbers: HashMap<Group, u32>,
    list: Vec<Group>,
}

impl Groups {
    fn number(&mut self, group: Group) -> u32 {
        let next = self.list.len() as u32;
        let list = &mut self.list;
        *self.numbers.entry(group).or_insert_with_key(|group| {
            list.push(group.clone());
            next
        })
    }
}

type Dated = (Interval, Vec<Option<String>>);

/// Reads the versions of a feed key by key, each key's in order.
fn each_key(
    conn: &Connection,
    table: &FeedTable,
    columns: &DerivedColumns,
    counter: RowCounter<'_>,
    mut each: impl FnMut(&str, &[Dated]) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let (key, select) = (table.quoted_key(), select(columns));
    // Both parts are read in the order of their keys, which merges them.
    let mut statement = conn.prepare(&format!(
        "select {key}, valid_from, null as valid_to, {select} from {} union all \
         select {key}, valid_from, valid_to, {select} from {} order by 1, 2",
        table.name(),
        table.history()
    ))?;
    let mut rows = statement.query([])?;
    let (mut from, mut to) = (DateReader::default(), DateReader::default());
    let (mut of, mut versions): (String, Vec<Dated>) = Default::default();
    let mut uncounted = 0;
    while let Some(row) = rows.next()? {
        let key = row.get_ref(0)?.as_str()?;
        if key != of {
            each(&of, &versions)?;
            versions.clear();
            of.clear();
            of.push_str(key);
        }
        let valid = Interval {
            from: from.read(row.get_ref(1)?)?.unwrap_or(NaiveDate::MIN),
            to: to.read(row.get_ref(2)?)?,
        };
        versions.push((valid, cells(row, 3, columns.columns.len())?));
        uncounted += 1;
        if uncounted == RowCounter::BATCH {
            counter.add(std::mem::take(&mut uncounted), 0);
        }
    }
    counter.add(uncounted, 0);
    each(&of, &versions)
}

/// Counts the versions of an agent, neighbours of the same group as one.
fn count(
    versions: &[Dated],
    columns: &DerivedColumns,
    groups: &mut Groups,
    agents: &mut Differences<u32>,
) {
    let mut held: Option<(u32, Interval)> = None;
    for (valid, cells) in versions {
        let Some(group) = columns.group(cells).map(|group| groups.number(group)) else { continue };
        match &mut held {
            Some((same, held)) if *same == group && held.to == Some(valid.from) => {
                held.to = valid.to;
            }
            _ => {
                let done = held.replace((group, *valid));
                done.into_iter().for_each(|(group, valid)| agents.add(&group, valid, 1));
            }
        }
    }
    held.into_iter().for_each(|(group, valid)| agents.add(&group, valid, 1));
}

/// Rows of the headcount that are not written yet: by organisation the date, channel, status and numbers.
type Held = BTreeMap<Arc<str>, Vec<(NaiveDate, [Arc<str>; 2], Headcount)>>;

fn fill_headcount(
    conn: &Connection,
    schema: &Schema,
    dates: &[NaiveDate],
    groups: &Groups,
    agents: &Differences<u32>,
) -> rusqlite::Result<()> {
    conn.execute("delete from headcount", [])?;
    let mut rows = HeadcountRows::new(conn, schema)?;
    // By organisation and date, as the table is ordered.
    let mut held = Held::new();
    let mut count = 0;
    let write = |rows: &mut HeadcountRows<'_>, held: &mut Held| {
        for (organ, list) in std::mem::take(held) {
            for (date, [channel, status], headcount) in list {
                let group = Group { organ: organ.clone(), channel, status };
                rows.set(date, &group, headcount)?;
            }
        }
        Ok::<_, rusqlite::Error>(())
    };
    for (date, counts) in agents.on(dates.iter().copied()) {
        let group = |(number, agents): (u32, i64)| {
            groups.list.get(number as usize).map(|group| (group.clone(), agents))
        };
        let counts: Counts<Group> = counts.into_iter().filter_map(group).collect();
        for (Group { organ, channel, status }, headcount) in rows.sum(date, &counts)? {
            held.entry(organ).or_default().push((date, [channel, status], headcount));
            count += 1;
        }
        if count >= ROWS_HELD {
            count = 0;
            write(&mut rows, &mut held)?;
        }
    }
    write(&mut rows, &mut held)
}
