//! What is stored of one key, as far as a delivery of one date is concerned.

use chrono::NaiveDate;

use crate::timeline::{Interval, Observation, Timeline, Version};

/// The content of a version: where it is, and its hash. Equal hashes are equal content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content {
    /// The hash as it is stored.
    pub hash: i64,
    /// Where it is.
    pub place: Place,
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        self.hash == other.hash
    }
}

/// Where the content of a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the key's row of the snapshot table.
    Current,
    /// In the key's row of the history that begins on this date.
    History(NaiveDate),
    /// In this row of the delivery.
    Delivered(usize),
}

/// A row of the snapshot table or of the history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StoredVersion {
    /// Its content.
    pub content: Content,
    /// The dates on which it holds.
    pub valid: Interval,
}

/// What is stored of a key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StoredKey<'a> {
    /// The row of the snapshot table.
    pub current: Option<StoredVersion>,
    /// History rows that hold on the date of the delivery or end on it, in order.
    pub past: &'a [StoredVersion],
    /// The carry intervals that end on the date or later, in order.
    pub carried: &'a [Interval],
    /// Those dates, from the date of the delivery on, on which only quarantined rows came with no version to carry.
    pub quarantined: &'a [NaiveDate],
}

impl StoredKey<'_> {
    fn near(&self) -> impl Iterator<Item = &StoredVersion> {
        self.past.iter().chain(&self.current)
    }

    /// Whether nothing of the key is stored that a delivery of the date could touch.
    pub(super) fn is_nothing(&self) -> bool {
        self.near().next().is_none() && self.carried.is_empty() && self.quarantined.is_empty()
    }

    /// The version of the snapshot before a date.
    pub(super) fn before(&self, date: NaiveDate) -> Option<StoredVersion> {
        let holds = |valid: Interval| valid.from < date && valid.to.is_none_or(|to| date <= to);
        self.near().find(|version| holds(version.valid)).copied()
    }

    /// The version of the snapshot of a date.
    pub(super) fn on(&self, date: NaiveDate) -> Option<StoredVersion> {
        self.near().find(|version| version.valid.contains(date)).copied()
    }

    /// Whether the tables say of the date what the delivery says, so that nothing is to be written. `on` is the version of
    /// the date.
    pub(super) fn says(
        &self,
        date: NaiveDate,
        on: Option<StoredVersion>,
        seen: &Observation<Content>,
    ) -> bool {
        let carried = || self.carried.iter().any(|interval| interval.contains(date));
        let quarantined = || self.quarantined.contains(&date);
        match (on, seen) {
            (Some(on), Observation::Accepted(content)) => on.content == *content && !carried(),
            (Some(_), Observation::Quarantined) => carried(),
            (None, Observation::Quarantined) => quarantined(),
            (None, Observation::Absent) => !quarantined(),
            (Some(_), Observation::Absent) | (None, Observation::Accepted(_)) => false,
        }
    }

    /// Whether something of the key begins or ends on a date. If nothing does, it is the same without a delivery of the
    /// date.
    pub(super) fn has_limit_on(&self, date: NaiveDate) -> bool {
        let limit = |valid: &Interval| valid.from == date || valid.to == Some(date);
        self.near().any(|version| limit(&version.valid))
            || self.carried.iter().any(limit)
            || self.quarantined.contains(&date)
    }

    /// All that a change of the date can touch. `later` are the history rows that begin after the date, in order.
    pub(super) fn timeline(&self, later: &[StoredVersion]) -> Timeline<Content> {
        let stored = self.past.iter().chain(later).chain(&self.current);
        let version = |stored: &StoredVersion| Version {
            content: stored.content,
            valid: stored.valid,
            carried: self
                .carried
                .iter()
                .filter(|interval| stored.valid.contains(interval.from))
                .copied()
                .collect(),
        };
        Timeline { versions: stored.map(version).collect(), quarantined: self.quarantined.to_vec() }
    }
}

/// Since when a version has been carried; for one that has ended, since when it was carried when it ended.
pub(super) fn carried_since(version: &Version<Content>) -> Option<NaiveDate> {
    version.carried.last().filter(|last| last.to == version.valid.to).map(|last| last.from)
}
