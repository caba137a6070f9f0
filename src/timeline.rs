//! What one key was on every business date: observations in, versions and carry intervals out. Pure.
//!
//! A delivery of a date says one thing of a key: an accepted row, only quarantined rows, or nothing. The database keeps
//! what follows from all deliveries together: versions as `[from, to)`, intervals in which a version was carried because
//! only quarantined rows came, and the dates on which such rows came while there was nothing to carry. From these the
//! observation of every date can be told again, so one delivery can be put in, replaced or taken out at any date, and
//! the outcome depends on the set of deliveries alone, never on the order in which they came.

use chrono::NaiveDate;

/// What the delivery of one date says of a key. `C` is the content of a row; two rows with equal `C` are one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation<C> {
    /// An accepted row.
    Accepted(C),
    /// Only rows that were quarantined.
    Quarantined,
    /// No row.
    Absent,
}

/// A half-open interval of business dates; without an end it still holds on the newest date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Its first date.
    pub from: NaiveDate,
    /// The first date after it.
    pub to: Option<NaiveDate>,
}

/// Unchanging content of a key over some dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<C> {
    /// The content.
    pub content: C,
    /// The dates on which it holds.
    pub valid: Interval,
    /// The intervals in which it was carried, in order, within `valid`.
    pub carried: Vec<Interval>,
}

/// All that is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline<C> {
    /// Its versions in order.
    pub versions: Vec<Version<C>>,
    /// Dates in order on which only quarantined rows came, with no version to carry.
    pub quarantined: Vec<NaiveDate>,
}

impl<C> Default for Timeline<C> {
    fn default() -> Timeline<C> {
        Timeline { versions: Vec::new(), quarantined: Vec::new() }
    }
}

/// A date from which an observation holds on every date up to the next one.
type ChangePoint<C> = (NaiveDate, Observation<C>);

impl<C: PartialEq + Clone> Timeline<C> {
    /// The timeline with another observation on a date: a first delivery of the date, or one that replaces it. `dates`
    /// are all dates with a delivery, ascending, this one among them.
    #[must_use]
    pub fn with(&self, date: NaiveDate, seen: Observation<C>, dates: &[NaiveDate]) -> Timeline<C> {
        let mut points = self.change_points(dates);
        keep_next(&mut points, date, dates);
        put(&mut points, date, seen);
        fold(&points, dates)
    }

    /// The timeline as if a date had had no delivery. `dates` are all dates with a delivery, ascending, this one still among
    /// them.
    #[must_use]
    pub fn without(&self, date: NaiveDate, dates: &[NaiveDate]) -> Timeline<C> {
        let mut points = self.change_points(dates);
        keep_next(&mut points, date, dates);
        points.retain(|(at, _)| *at != date);
        let left: Vec<NaiveDate> = dates.iter().copied().filter(|other| *other != date).collect();
        fold(&points, &left)
    }

    fn change_points(&self, dates: &[NaiveDate]) -> Vec<ChangePoint<C>> {
        // Where one thing ends and another begins on the same date, the beginning counts.
        let mut ends = Vec::new();
        let mut begins = Vec::new();
        for version in &self.versions {
            let accepted = || Observation::Accepted(version.content.clone());
            begins.push((version.valid.from, accepted()));
            for carry in &version.carried {
                begins.push((carry.from, Observation::Quarantined));
                ends.extend(
                    carry.to.filter(|to| Some(*to) != version.valid.to).map(|to| (to, accepted())),
                );
            }
            ends.extend(version.valid.to.map(|to| (to, Observation::Absent)));
        }
        for date in &self.quarantined {
            begins.push((*date, Observation::Quarantined));
            ends.extend(after(*date, dates).map(|next| (next, Observation::Absent)));
        }
        let mut points = begins;
        for (date, seen) in ends {
            if points.iter().all(|(at, _)| *at != date) {
                points.push((date, seen));
            }
        }
        points.sort_by_key(|(date, _)| *date);
        points
    }
}

impl Interval {
    /// Whether a date lies in it.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.from <= date && self.to.is_none_or(|to| date < to)
    }
}

/// The first date after another.
fn after(date: NaiveDate, dates: &[NaiveDate]) -> Option<NaiveDate> {
    dates.get(dates.partition_point(|other| *other <= date)).copied()
}

/// Sees to it that the date after this one keeps its observation whatever this one gets.
fn keep_next<C: Clone>(points: &mut Vec<ChangePoint<C>>, date: NaiveDate, dates: &[NaiveDate]) {
    let Some(next) = after(date, dates) else { return };
    let holding = points.iter().rev().find(|(at, _)| *at <= next);
    let seen = holding.map_or(Observation::Absent, |(_, seen)| seen.clone());
    put(points, next, seen);
}

fn put<C>(points: &mut Vec<ChangePoint<C>>, date: NaiveDate, seen: Observation<C>) {
    match points.binary_search_by_key(&date, |(at, _)| *at) {
        Ok(at) => points[at].1 = seen,
        Err(at) => points.insert(at, (date, seen)),
    }
}

/// The rule of carrying, applied to the observations in the order of their dates.
fn fold<C: PartialEq + Clone>(points: &[ChangePoint<C>], dates: &[NaiveDate]) -> Timeline<C> {
    let mut timeline = Timeline::default();
    let mut open: Option<Version<C>> = None;
    for (at, (date, seen)) in points.iter().enumerate() {
        match seen {
            Observation::Accepted(content) => match &mut open {
                Some(version) if version.content == *content => end_carry(version, *date),
                _ => {
                    close(&mut timeline, open.take(), *date);
                    let valid = Interval { from: *date, to: None };
                    open = Some(Version { content: content.clone(), valid, carried: Vec::new() });
                }
            },
            Observation::Quarantined => match &mut open {
                Some(version) if version.carried.last().is_none_or(|last| last.to.is_some()) => {
                    version.carried.push(Interval { from: *date, to: None });
                }
                Some(_) => {}
                None => {
                    let until = points.get(at + 1).map(|(next, _)| *next);
                    let from = dates.partition_point(|other| other < date);
                    let run = dates.iter().skip(from).take_while(|d| until.is_none_or(|u| **d < u));
                    timeline.quarantined.extend(run);
                }
            },
            Observation::Absent => close(&mut timeline, open.take(), *date),
        }
    }
    timeline.versions.extend(open);
    timeline
}

fn close<C>(timeline: &mut Timeline<C>, open: Option<Version<C>>, date: NaiveDate) {
    if let Some(mut version) = open {
        end_carry(&mut version, date);
        version.valid.to = Some(date);
        timeline.versions.push(version);
    }
}

fn end_carry<C>(version: &mut Version<C>, date: NaiveDate) {
    if let Some(last) = version.carried.last_mut().filter(|last| last.to.is_none()) {
        last.to = Some(date);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(739_000 + number as i32).unwrap()
    }

    fn observation() -> impl Strategy<Value = Observation<u8>> {
        prop_oneof![
            3 => (0u8..3).prop_map(Observation::Accepted),
            2 => Just(Observation::Quarantined),
            2 => Just(Observation::Absent),
        ]
    }

    /// The definition: a state that is carried from date to date.
    fn replay(deliveries: &BTreeMap<NaiveDate, Observation<u8>>) -> Timeline<u8> {
        let mut timeline = Timeline::default();
        // Content, start, carried intervals of the version that is there.
        let mut state: Option<(u8, NaiveDate, Vec<Interval>)> = None;
        let end = |state: Option<(u8, NaiveDate, Vec<Interval>)>, date: NaiveDate| {
            state.map(|(content, from, mut carried)| {
                for carry in carried.iter_mut().filter(|carry| carry.to.is_none()) {
                    carry.to = Some(date);
                }
                Version { content, valid: Interval { from, to: Some(date) }, carried }
            })
        };
        for (date, seen) in deliveries {
            match (seen, &mut state) {
                (Observation::Accepted(new), Some((content, _, carried))) if new == content => {
                    for carry in carried.iter_mut().filter(|carry| carry.to.is_none()) {
                        carry.to = Some(*date);
                    }
                }
                (Observation::Accepted(new), _) => {
                    timeline.versions.extend(end(state.take(), *date));
                    state = Some((*new, *date, Vec::new()));
                }
                (Observation::Quarantined, Some((_, _, carried))) => {
                    if carried.iter().all(|carry| carry.to.is_some()) {
                        carried.push(Interval { from: *date, to: None });
                    }
                }
                (Observation::Quarantined, None) => timeline.quarantined.push(*date),
                (Observation::Absent, _) => timeline.versions.extend(end(state.take(), *date)),
            }
        }
        let open = |(content, from, carried)| Version {
            content,
            valid: Interval { from, to: None },
            carried,
        };
        timeline.versions.extend(state.map(open));
        timeline
    }

    /// What the delivery of a date says of the key, read back from its timeline.
    fn observed(timeline: &Timeline<u8>, date: NaiveDate) -> Observation<u8> {
        if timeline.quarantined.contains(&date) {
            return Observation::Quarantined;
        }
        match timeline.versions.iter().find(|version| version.valid.contains(date)) {
            Some(version) if version.carried.iter().any(|carry| carry.contains(date)) => {
                Observation::Quarantined
            }
            Some(version) => Observation::Accepted(version.content),
            None => Observation::Absent,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn any_order_of_deliveries_and_retractions_equals_the_replay_of_what_is_left(
            steps in proptest::collection::vec((0u32..7, proptest::option::weighted(0.8, observation())), 1..24)
        ) {
            let mut deliveries: BTreeMap<NaiveDate, Observation<u8>> = BTreeMap::new();
            let mut timeline = Timeline::default();
            for (number, step) in steps {
                let date = day(number);
                match step {
                    Some(seen) => {
                        deliveries.insert(date, seen);
                        let dates: Vec<NaiveDate> = deliveries.keys().copied().collect();
                        timeline = timeline.with(date, seen, &dates);
                    }
                    None => {
                        let dates: Vec<NaiveDate> = deliveries.keys().copied().collect();
                        deliveries.remove(&date);
                        timeline = timeline.without(date, &dates);
                    }
                }
                prop_assert_eq!(&timeline, &replay(&deliveries));
                for (date, seen) in &deliveries {
                    prop_assert_eq!(&observed(&timeline, *date), seen);
                }
            }
        }
    }

    #[test]
    fn a_late_delivery_with_other_content_is_carried_on_the_later_date_that_was_quarantined() {
        let dates = [day(1), day(2), day(3)];
        let seen = [Observation::Accepted(0), Observation::Accepted(1), Observation::Quarantined];
        let first = Timeline::default().with(dates[0], seen[0], &dates[..1]);
        let third = first.with(dates[2], seen[2], &[dates[0], dates[2]]);
        assert_eq!(third.versions[0].carried, [Interval { from: dates[2], to: None }]);
        let late = third.with(dates[1], seen[1], &dates);
        assert_eq!(late.versions.len(), 2);
        assert_eq!(late.versions[1].content, 1);
        assert_eq!(late.versions[1].carried, [Interval { from: dates[2], to: None }]);
    }
}
