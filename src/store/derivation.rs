//! What a change of versions means for the derived tables, key by key.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::events::{Cells, Event, Line};
use crate::headcount::{Differences, Group};
use crate::model::Column;
use crate::store::date_list::Dates;
use crate::store::dates::IsoDates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derived_columns::DerivedColumns;
use crate::store::stored_key::{Content, Place};
use crate::timeline::{Interval, Timeline, Version};

/// What is to be written once all feeds are.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// How many agents more each date has.
    pub agents: Differences<Group>,
    /// Dates on which the hierarchy of organisations is another one.
    pub hierarchy: BTreeSet<NaiveDate>,
}

/// The agents of an organisation in a first load.
#[derive(Debug)]
struct Tally {
    channel: Option<i64>,
    status: Option<i64>,
    agents: i64,
}

/// What a store tells of stored versions, and what it does with the events of a key.
pub(super) trait DerivedStore {
    /// What fails.
    type Error;

    /// The cells of the derived columns of a stored version, as it was before the transaction.
    fn cells(&mut self, key: &str, place: Place) -> Result<Vec<Option<String>>, Self::Error>;

    /// Whether a version of the key that has ended began before the date.
    fn had_version(&mut self, key: &str) -> Result<bool, Self::Error>;

    /// Writes the difference of the events that are stored of a key and those that are to be.
    fn replace_events(
        &mut self,
        key: &str,
        old: &[Event],
        new: &[Event],
    ) -> Result<(), Self::Error>;
}

/// Follows the changes of one feed. Events are written at once, the rest when all feeds are.
pub(super) struct Derivation<'c, S> {
    dates: Dates<'c>,
    columns: DerivedColumns,
    store: S,
    iso: IsoDates,
    /// The agents of a first load, by organisation.
    tallies: HashTable<(String, Vec<Tally>)>,
    derived: Derived,
}

type Dated = (Interval, Vec<Option<String>>);

impl<'c, S: DerivedStore> Derivation<'c, S> {
    /// Begins with a feed.
    pub(super) fn new(columns: DerivedColumns, store: S, dates: Dates<'c>) -> Derivation<'c, S> {
        Derivation {
            dates,
            columns,
            store,
            iso: IsoDates::new(),
            tallies: HashTable::new(),
            derived: Derived::default(),
        }
    }

    /// Follows the change of a key, before it is written.
    pub(super) fn change(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> Result<(), S::Error> {
        if self.columns.columns.is_empty() {
            return Ok(());
        }
        let (old, new) = different(&old.versions, &new.versions);
        let mut read = |versions: &[Version<Content>]| -> Result<Vec<Dated>, S::Error> {
            let read = |version: &Version<Content>| {
                let place = version.content.place;
                let cells = match (place, delivery) {
                    (Place::Delivered(row), Some(delivery)) => {
                        self.columns.delivered(delivery, row, &mut self.iso)
                    }
                    _ => self.store.cells(key, place)?,
                };
                Ok((version.valid, cells))
            };
            versions.iter().map(read).collect()
        };
        let (old, new) = (read(old)?, read(new)?);
        self.compare(key, &old, &new)
    }

    /// Follows a delivered row of a key of which nothing is stored, and which no later date can touch.
    pub(super) fn insert(
        &mut self,
        key: &str,
        delivery: &DeliveredRows<'_>,
        row: usize,
    ) -> Result<(), S::Error> {
        // On the first of all dates nothing has happened, and what has no events is read no further. A hot path: it runs for
        // every row of a first load.
        if self.columns.is_hierarchy {
            self.derived.hierarchy.insert(self.dates.date);
        }
        let is_first = self.dates.oldest_after() == Some(self.dates.date);
        let is_counted = self.columns.counted_by.is_none() || is_first && self.count(delivery, row);
        if is_counted && (is_first || self.columns.events.is_none()) {
            return Ok(());
        }
        if self.columns.columns.is_empty() {
            return Ok(());
        }
        let valid = Interval { from: self.dates.date, to: None };
        let new = self.columns.delivered(delivery, row, &mut self.iso);
        self.compare(key, &[], &[(valid, new)])
    }

    /// What is to be written once all feeds are.
    pub(super) fn finish(mut self) -> (Derived, S) {
        let valid = Interval { from: self.dates.date, to: None };
        let mut tallies: Vec<(String, Vec<Tally>)> = self.tallies.into_iter().collect();
        tallies.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (organ, tallies) in tallies {
            let organ: Arc<str> = organ.into();
            for Tally { channel, status, agents } in tallies {
                let [channel, status] = [channel, status]
                    .map(|code| code.map(|c| c.to_string()).unwrap_or_default().into());
                let group = Group { organ: organ.clone(), channel, status };
                self.derived.agents.add(&group, valid, agents);
            }
        }
        (self.derived, self.store)
    }

    /// Counts a delivered row in its group, if it is one of an agent and its codes are numbers.
    fn count(&mut self, delivery: &DeliveredRows<'_>, row: usize) -> bool {
        let Some(counted_by) = self.columns.counted_by else { return false };
        let column = |at: Option<usize>| {
            let field = at.and_then(|at| self.columns.columns.get(at)).and_then(|(_, at)| *at);
            field.and_then(|field| delivery.columns().get(field))
        };
        let code = |column: Option<&Column<'_>>| match column {
            Some(column @ Column::Int(array)) => {
                Some((!column.is_null(row)).then(|| array.value(row)))
            }
            Some(Column::Text(_) | Column::Date(_)) => None,
            None => Some(None),
        };
        let [organ, channel, status] = counted_by.map(column);
        let (Some(Column::Text(organ)), Some(channel), Some(status)) =
            (organ, code(channel), code(status))
        else {
            return false;
        };
        let organ = organ.get(row).unwrap_or_default();
        let hash = |organ: &str| xxh3_64(organ.as_bytes());
        let mut entry = self
            .tallies
            .entry(hash(organ), |(of, _)| of == organ, |(of, _)| hash(of))
            .or_insert_with(|| (organ.to_owned(), Vec::new()));
        let (_, tallies) = entry.get_mut();
        match tallies.iter_mut().find(|t| (t.channel, t.status) == (channel, status)) {
            Some(tally) => tally.agents += 1,
            None => tallies.push(Tally { channel, status, agents: 1 }),
        }
        true
    }

    fn compare(&mut self, key: &str, old: &[Dated], new: &[Dated]) -> Result<(), S::Error> {
        let date = self.dates.date;
        if let Some(rule) = &self.columns.events {
            // A version that began before the date is the same as before, and so is what began with it.
            let begins = |of: &[Dated]| of.first().is_some_and(|(valid, _)| date <= valid.from);
            let had_version = (begins(old) || begins(new)) && self.store.had_version(key)?;
            let events = |of: &[Dated], oldest| {
                let versions: Vec<(Interval, &Cells)> =
                    of.iter().map(|(valid, cells)| (*valid, cells.as_slice())).collect();
                rule.events(&Line { versions: &versions, had_version, oldest }, date)
            };
            let old = events(old, self.dates.oldest_before());
            self.store.replace_events(key, &old, &events(new, self.dates.oldest_after()))?;
        }
        for (of, agents) in [(old, -1), (new, 1)] {
            for (valid, cells) in of {
                // Before the date nothing changes.
                let valid = Interval { from: valid.from.max(date), ..*valid };
                if valid.to.is_none_or(|to| valid.from < to)
                    && let Some(group) = self.columns.group(cells)
                {
                    self.derived.agents.add(&group, valid, agents);
                }
            }
        }
        if self.columns.is_hierarchy {
            let on = |of: &[Dated], date| {
                let version = of.iter().find(|(valid, _)| valid.contains(date));
                version.map(|(_, cells)| cells.clone())
            };
            let dates = self.dates.this_and_later().filter(|date| on(old, *date) != on(new, *date));
            self.derived.hierarchy.extend(dates);
        }
        Ok(())
    }
}

/// The versions of two timelines without the last ones that they share, but for the first of these: what comes before it may
/// differ.
fn different<'v>(
    old: &'v [Version<Content>],
    new: &'v [Version<Content>],
) -> (&'v [Version<Content>], &'v [Version<Content>]) {
    let same = |(old, new): &(&Version<Content>, &Version<Content>)| {
        old.valid == new.valid && old.content == new.content
    };
    let shared = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    if shared == old.len() && shared == new.len() {
        return (&[], &[]);
    }
    let keep =
        |of: &'v [Version<Content>]| of.get(..of.len() - shared.saturating_sub(1)).unwrap_or(of);
    (keep(old), keep(new))
}
