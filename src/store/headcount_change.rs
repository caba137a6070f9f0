//! What a transaction changes of the agents of each organisation by date, and of those in it and below it by the hierarchy
//! of that date.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::headcount::{Counts, Differences, Group, Headcount, add_all};
use crate::store::date_list::Dates;

/// From so many changed groups on, all groups of a date are counted anew.
pub(super) const MANY_GROUPS: usize = 1_000;

/// The agents of one date, by group.
pub(super) type Day = BTreeMap<Group, Headcount>;

/// What a store tells of the table, and what it does with its rows.
pub(super) trait HeadcountStore {
    /// What fails.
    type Error;

    /// All groups of a date.
    fn of(&mut self, date: NaiveDate) -> Result<Day, Self::Error>;

    /// One group of a date.
    fn get(&mut self, date: NaiveDate, group: &Group) -> Result<Option<Headcount>, Self::Error>;

    /// Writes one group of a date, or deletes it if nobody is in it.
    fn set(
        &mut self,
        date: NaiveDate,
        group: &Group,
        headcount: Headcount,
    ) -> Result<(), Self::Error>;

    /// Deletes all groups of a date.
    fn forget(&mut self, date: NaiveDate) -> Result<(), Self::Error>;

    /// The agents of a date with those below, by the hierarchy that the tables have of the date now. `counts` may be
    /// differences of them.
    fn sum(&mut self, date: NaiveDate, counts: &Counts<Group>) -> Result<Day, Self::Error>;
}

/// Brings the table to what it is after a transaction. `agents` are those that each date has more; `hierarchy` are the dates
/// with another hierarchy.
pub(super) fn write<S: HeadcountStore>(
    rows: &mut S,
    dates: Dates<'_>,
    agents: &Differences<Group>,
    hierarchy: &BTreeSet<NaiveDate>,
) -> Result<(), S::Error> {
    if !dates.kept {
        rows.forget(dates.date)?;
    }
    for (date, more) in agents.on(dates.this_and_later()) {
        let is_new = date == dates.date && !dates.known;
        if is_new || hierarchy.contains(&date) || more.len() >= MANY_GROUPS {
            let stored = rows.of(date)?;
            let base = match dates.previous().filter(|_| is_new) {
                Some(previous) => rows.of(previous)?,
                None => stored.clone(),
            };
            let base = base.into_iter().filter(|(_, headcount)| headcount.agents != 0);
            let mut counts: Counts<Group> = base.map(|(group, h)| (group, h.agents)).collect();
            add_all(&mut counts, &more);
            let wanted = rows.sum(date, &counts)?;
            replace(rows, date, &stored, &wanted)?;
        } else {
            for (group, more) in rows.sum(date, &more)? {
                let stored = rows.get(date, &group)?.unwrap_or_default();
                let headcount = Headcount {
                    agents: stored.agents + more.agents,
                    below: stored.below + more.below,
                };
                rows.set(date, &group, headcount)?;
            }
        }
    }
    Ok(())
}

fn replace<S: HeadcountStore>(
    rows: &mut S,
    date: NaiveDate,
    stored: &Day,
    wanted: &Day,
) -> Result<(), S::Error> {
    for group in stored.keys().filter(|group| !wanted.contains_key(group)) {
        rows.set(date, group, Headcount::default())?;
    }
    for (group, headcount) in wanted {
        if stored.get(group) != Some(headcount) {
            rows.set(date, group, *headcount)?;
        }
    }
    Ok(())
}
