//! Brings the rows of one feed to what a delivery, or the lack of one, makes of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::model::{FeedChanges, RowCounter};
use crate::store::branches::Branches;
use crate::store::current_rows::NextRows;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::{DeliveredRows, first};
use crate::store::derivation::Derived;
use crate::store::keys::KeyList;
use crate::store::stored_feed::{StoredFeed, TakenKey};
use crate::store::stored_key::{Content, Place, StoredKey, StoredVersion};
use crate::timeline::{Observation, Timeline};

/// What an import did to one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedOutcome {
    /// The snapshot compared with the snapshot before its date: what changed from day to day.
    pub snapshot_changes: FeedChanges,
    /// The snapshot compared with what the tables said of its date before the import: importing a delivery again changes
    /// nothing.
    pub table_changes: FeedChanges,
}

impl FeedOutcome {
    /// Rows of the snapshot after the import.
    pub fn rows(&self) -> u64 {
        let FeedChanges { added, changed, carried, unchanged, removed: _ } = self.table_changes;
        added + changed + carried + unchanged
    }
}

/// What a transaction did to the rows of one feed.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The snapshot of the date.
    pub outcome: FeedOutcome,
    /// The keys, in order, of which the last good version is carried on the date, if it is the newest.
    pub carried: KeyList,
    /// Rows of the delivery that the snapshot before does not have, or has with other content; none are noted on the first
    /// load.
    pub fresh: Vec<u32>,
    /// How many rows more a snapshot has from a date on, by that date; the sum up to a date counts.
    pub more_rows: BTreeMap<NaiveDate, i64>,
    /// Whether the newest snapshot has other content, if the date is older.
    pub newest_changed: bool,
    /// What it means for the headcount.
    pub derived: Derived,
    /// The rows of the snapshot table after it; none after a date was taken back.
    pub next: Option<NextRows>,
}

/// What a store does with the rows of one feed, key by key in the order of the keys. It is part of the loop over millions
/// of rows, so every store has a loop of its own.
pub(super) trait FeedWriter {
    /// What fails.
    type Error;

    /// The versions of a key that begin after the date and have ended, in order.
    fn later(&mut self, key: &str) -> Result<Vec<StoredVersion>, Self::Error>;

    /// Takes a delivered row of a key of which nothing is stored and which no later date can touch.
    fn insert(
        &mut self,
        key: &str,
        delivery: &DeliveredRows<'_>,
        row: usize,
    ) -> Result<(), Self::Error>;

    /// Takes the difference of what is stored of a key and what is to be.
    fn change(
        &mut self,
        key: &str,
        old: &Timeline<Content>,
        new: &Timeline<Content>,
        delivery: Option<&DeliveredRows<'_>>,
    ) -> Result<(), Self::Error>;

    /// Ends the feed.
    fn finish(self, delivery: Option<&DeliveredRows<'_>>) -> Result<Derived, Self::Error>;
}

/// Writes a delivery of the date.
pub(super) fn write<W: FeedWriter>(
    mut writer: W,
    dates: Dates<'_>,
    stored: &StoredFeed,
    branches: &mut Branches,
    mut delivery: DeliveredRows<'_>,
    counter: RowCounter<'_>,
) -> Result<Written, W::Error> {
    let Dates { date, all, .. } = dates;
    let mut written = Written::default();
    let mut cursor = stored.cursor();
    let nothing_stored = stored.is_empty();
    let mut next = NextRows::new(stored.current(), delivery.organs().cloned());
    let mut uncounted = 0;
    while let Some(key) = first(delivery.peek(), cursor.peek()) {
        let TakenKey { stored, branch, organ } = cursor.take(key);
        let seen = delivery.take(key);
        uncounted += u64::from(matches!(seen, Observation::Accepted(_)));
        if uncounted == RowCounter::BATCH {
            counter.add(std::mem::take(&mut uncounted), 0);
        }
        let (before, on) = (stored.before(date), stored.on(date));
        if let Observation::Accepted(Content { place: Place::Delivered(row), .. }) = seen
            && stored.is_nothing()
            && !dates.has_later()
        {
            // Most rows of a first load; what follows for them is known without a timeline.
            writer.insert(key, &delivery, row)?;
            if let Observation::Accepted(content) = seen {
                next.push(key, date, content, organ);
            }
        } else if !stored.says(date, on, &seen) {
            let old = timeline(&mut writer, dates, key, &stored)?;
            let new = old.with(date, seen, all);
            writer.change(key, &old, &new, Some(&delivery))?;
            if dates.has_later() {
                written.compare(&old, &new);
            }
            if let Some(open) = new.versions.last().filter(|version| version.valid.to.is_none()) {
                next.push(key, open.valid.from, open.content, organ);
            }
        } else if let Some(same) = stored.current {
            next.push(key, same.valid.from, same.content, organ);
        }
        let after = match &seen {
            Observation::Accepted(content) => Some(*content),
            Observation::Quarantined => before.map(|version| version.content),
            Observation::Absent => None,
        };
        if let Some(Content { place: Place::Delivered(row), .. }) = after
            && before.is_none_or(|before| Some(before.content) != after)
            && !nothing_stored
        {
            written.fresh.push(row as u32);
        }
        let carried = matches!(seen, Observation::Quarantined);
        let FeedOutcome { snapshot_changes, table_changes } = &mut written.outcome;
        count(snapshot_changes, before, after, carried);
        count(table_changes, on, after, carried);
        if before.is_some() && after.is_none() {
            branches.count_removed(branch);
        }
        if carried && after.is_some() && !dates.has_later() {
            written.carried.push(key);
        }
    }
    counter.add(uncounted, 0);
    written.derived = writer.finish(Some(&delivery))?;
    written.next = Some(next);
    Ok(written)
}

/// Brings the rows to what they are without a delivery of the date.
pub(super) fn write_without<W: FeedWriter>(
    mut writer: W,
    dates: Dates<'_>,
    stored: &StoredFeed,
) -> Result<Written, W::Error> {
    let Dates { date, all, .. } = dates;
    let mut written = Written::default();
    let mut cursor = stored.cursor();
    while let Some(key) = cursor.peek() {
        let stored = cursor.take(key).stored;
        if stored.has_limit_on(date) {
            let old = timeline(&mut writer, dates, key, &stored)?;
            let new = old.without(date, all);
            writer.change(key, &old, &new, None)?;
            written.compare(&old, &new);
        }
    }
    written.derived = writer.finish(None)?;
    Ok(written)
}

/// The keys, in order, whose later versions [`write`] or, without a delivery, [`write_without`] asks for: a store that has
/// to ask a server reads them all at once.
#[cfg(feature = "postgres")]
pub(super) fn keys_with_later(
    dates: Dates<'_>,
    stored: &StoredFeed,
    delivery: Option<&DeliveredRows<'_>>,
) -> KeyList {
    let mut keys = KeyList::default();
    if !dates.has_later() {
        return keys;
    }
    let date = dates.date;
    let mut cursor = stored.cursor();
    let mut delivery = delivery.cloned();
    while let Some(key) = first(delivery.as_ref().and_then(DeliveredRows::peek), cursor.peek()) {
        let stored = cursor.take(key).stored;
        let is_asked = match &mut delivery {
            Some(delivery) => !stored.says(date, stored.on(date), &delivery.take(key)),
            None => stored.has_limit_on(date),
        };
        if is_asked {
            keys.push(key);
        }
    }
    keys
}

/// All that is stored of a key from the snapshot before the date on.
fn timeline<W: FeedWriter>(
    writer: &mut W,
    dates: Dates<'_>,
    key: &str,
    stored: &StoredKey<'_>,
) -> Result<Timeline<Content>, W::Error> {
    let later = if dates.has_later() { writer.later(key)? } else { Vec::new() };
    Ok(stored.timeline(&later))
}

/// Counts a key by its version in an earlier state and its content now.
fn count(
    changes: &mut FeedChanges,
    before: Option<StoredVersion>,
    after: Option<Content>,
    carried: bool,
) {
    match (before, after) {
        (_, Some(_)) if carried => changes.carried += 1,
        (None, Some(_)) => changes.added += 1,
        (Some(_), None) => changes.removed += 1,
        (Some(before), Some(after)) if before.content == after => changes.unchanged += 1,
        (Some(_), Some(_)) => changes.changed += 1,
        (None, None) => {}
    }
}

impl Written {
    /// Notes from which dates on there is a key more or less, and whether the newest snapshot differs.
    fn compare(&mut self, old: &Timeline<Content>, new: &Timeline<Content>) {
        for (timeline, one) in [(old, -1), (new, 1)] {
            for valid in timeline.versions.iter().map(|version| version.valid) {
                *self.more_rows.entry(valid.from).or_default() += one;
                if let Some(to) = valid.to {
                    *self.more_rows.entry(to).or_default() -= one;
                }
            }
        }
        let newest = |timeline: &Timeline<Content>| {
            let open = timeline.versions.last().filter(|version| version.valid.to.is_none());
            open.map(|version| version.content)
        };
        self.newest_changed |= newest(old) != newest(new);
    }
}
