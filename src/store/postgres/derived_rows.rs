//! What of the derived tables follows from the changes of one feed: the cells of stored versions, read at once, and events,
//! written at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use crate::events::{Event, Meaning};
use crate::model::Feed;
use crate::store::date_list::Dates;
use crate::store::derivation::DerivedStore;
use crate::store::derived_columns::{DerivedColumns, event_table};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::keys::KeyList;
use crate::store::postgres::changed_key::ChangedKey;
use crate::store::postgres::session::Session;
use crate::store::postgres::staging::{self, STAGED, STAGED_EVENTS};
use crate::store::postgres::tables::table;
use crate::store::stored_key::Place;

/// A stored version: its first date, whether it holds on the newest date, its cells.
type StoredCells = (NaiveDate, bool, Vec<Option<String>>);

/// An event is told apart by its date, its kind and its record.
type EventKey = (NaiveDate, &'static str, String);

/// The changes of one feed.
pub(super) struct DerivedRows {
    feed: Feed,
    cells: HashMap<String, Vec<StoredCells>>,
    had_version: HashSet<String>,
    /// Events that are to be, and those that are not to be.
    events: BTreeMap<EventKey, Option<Event>>,
}

impl DerivedRows {
    /// Reads what is stored of the keys that change, and which of them and of the new ones had a version before.
    pub(super) fn read<'k>(
        session: &mut Session,
        tenant: i32,
        (of, columns): (&FeedTable, &DerivedColumns),
        dates: Dates<'_>,
        changed: &'k [ChangedKey],
        new: impl Iterator<Item = &'k str>,
    ) -> Result<DerivedRows, StoreError> {
        let mut rows = DerivedRows {
            feed: of.feed,
            cells: HashMap::new(),
            had_version: HashSet::new(),
            events: BTreeMap::new(),
        };
        if columns.columns.is_empty() {
            return Ok(rows);
        }
        let (key, name) = (of.quoted_key(), table(of.name()));
        let (mut keys, mut places) = (KeyList::default(), Vec::new());
        for ChangedKey { key, old, .. } in changed {
            for version in &old.versions {
                keys.push(key);
                places.push(Some(version.valid.from));
            }
        }
        if !places.is_empty() {
            staging::send_places(session, &keys, &places)?;
            let cells =
                columns.columns.iter().map(|(column, _)| format!("t.{}::text", quoted(column)));
            let query = format!(
                "select s.id, t.valid_from, t.valid_to = 'infinity', {} from {STAGED} s join {name} t \
                 on t.tenant_id = {tenant} and t.{key} = s.id and t.valid_from = s.at",
                cells.collect::<Vec<_>>().join(", ")
            );
            let count = columns.columns.len();
            session.copy_out(&query, |row| {
                let cell = |at: usize| Ok(row.text_or_null(at)?.map(str::to_owned));
                let cells = (3..3 + count).map(cell).collect::<std::io::Result<Vec<_>>>()?;
                let of_key = rows.cells.entry(row.text(0)?.to_owned()).or_default();
                of_key.push((row.date(1)?, row.bool(2), cells));
                Ok(())
            })?;
        }
        // Before the first of all dates there was nothing.
        if columns.events.is_some() && dates.previous().is_some() {
            let keys = changed.iter().map(|changed| changed.key.as_str()).chain(new);
            staging::send_keys(session, keys)?;
            let query = format!(
                "select distinct s.id from {STAGED} s join {name} t on t.tenant_id = {tenant} and t.{key} = s.id \
                 where t.valid_to <> 'infinity' and t.valid_from < '{}'",
                dates.date
            );
            session.copy_out(&query, |row| {
                rows.had_version.insert(row.text(0)?.to_owned());
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// Writes the events.
    pub(super) fn write(self, session: &mut Session, tenant: i32) -> Result<(), StoreError> {
        let Some((name, place)) = event_table(self.feed).filter(|_| !self.events.is_empty()) else {
            return Ok(());
        };
        let into = format!("{STAGED_EVENTS} (business_date, kind, id)");
        session.batch(&format!("truncate {STAGED_EVENTS}"))?;
        session.copy_in(&into, |copy| {
            for (date, kind, id) in self.events.keys() {
                copy.row(3)?;
                copy.date(*date);
                copy.text(Some(kind));
                copy.text(Some(id));
            }
            Ok(())
        })?;
        let name = table(name);
        session.batch(&format!(
            "analyze {STAGED_EVENTS}; delete from {name} e using {STAGED_EVENTS} s where e.tenant_id = {tenant} \
             and e.business_date = s.business_date and e.kind = s.kind and e.id = s.id"
        ))?;
        let into = format!(
            "{name} (tenant_id, business_date, id, kind, from_value, to_value, organ_id, {place})"
        );
        let put = |((.., id), event): (&EventKey, &Option<Event>)| {
            event.as_ref().map(|event| (id.clone(), event.clone()))
        };
        let put: Vec<(String, Event)> = self.events.iter().filter_map(put).collect();
        session.copy_in(&into, |copy| {
            for (id, Event { date, kind, from, to, organ, place }) in &put {
                copy.row(8)?;
                copy.int4(tenant);
                copy.date(*date);
                copy.text(Some(id));
                copy.text(Some(kind.name()));
                [from, to, organ, place].iter().for_each(|value| copy.text(value.as_deref()));
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl DerivedStore for DerivedRows {
    type Error = StoreError;

    fn cells(&mut self, key: &str, place: Place) -> Result<Vec<Option<String>>, StoreError> {
        let is_meant = |(from, is_open, _): &&StoredCells| match place {
            Place::Current => *is_open,
            Place::History(at) => *from == at,
            Place::Delivered(_) => false,
        };
        let found = self.cells.get(key).and_then(|of_key| of_key.iter().find(is_meant));
        let lost = || StoreError::Misuse(format!("a version of {} was not read", self.feed));
        found.map(|(.., cells)| cells.clone()).ok_or_else(lost)
    }

    fn had_version(&mut self, key: &str) -> Result<bool, StoreError> {
        Ok(self.had_version.contains(key))
    }

    fn replace_events(
        &mut self,
        key: &str,
        old: &[Event],
        new: &[Event],
    ) -> Result<(), StoreError> {
        let of = |event: &Event| (event.date, event.kind.name(), key.to_owned());
        for event in old.iter().filter(|old| !new.contains(old)) {
            self.events.insert(of(event), None);
        }
        for event in new.iter().filter(|new| !old.contains(new)) {
            self.events.insert(of(event), Some(event.clone()));
        }
        Ok(())
    }
}

/// Makes the events of the former and the new first date anew, as far as no change of their keys does it: on the first of
/// all dates nobody enters.
pub(super) fn renew_oldest(
    session: &mut Session,
    tenant: i32,
    of: &FeedTable,
    columns: &DerivedColumns,
    dates: Dates<'_>,
) -> Result<(), StoreError> {
    let (before, after) = (dates.oldest_before(), dates.oldest_after());
    let (Some(rule), Some(before), Some(after), Some((name, place_column))) =
        (&columns.events, before, after, event_table(of.feed))
    else {
        return Ok(());
    };
    let events = table(name);
    if before < after {
        session.batch(&format!(
            "delete from {events} where tenant_id = {tenant} and business_date = '{after}'"
        ))?;
    } else if after < before {
        let column = |meaning| {
            let column = rule.position(meaning).and_then(|at| rule.columns().nth(at));
            column.map_or_else(
                || "null::text".to_owned(),
                |column| format!("version.{}::text", quoted(column)),
            )
        };
        let [status, organ, place] = [Meaning::Status, Meaning::Organ, Meaning::Place].map(column);
        let (key, from) = (of.quoted_key(), table(of.name()));
        session.batch(&format!(
            "insert into {events} (tenant_id, business_date, id, kind, from_value, to_value, organ_id, {place_column}) \
             select {tenant}, '{before}', version.{key}, '{}', null, {status}, {organ}, {place} \
             from {from} version where version.tenant_id = {tenant} and version.valid_from = '{before}' \
             and not exists (select 1 from {from} earlier where earlier.tenant_id = {tenant} \
             and earlier.{key} = version.{key} and earlier.valid_from < '{before}') on conflict do nothing",
            rule.first().name()
        ))?;
    }
    Ok(())
}
