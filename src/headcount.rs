//! How many agents an organisation has on a date: differences of versions by date, and sums along a hierarchy. Pure.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::timeline::Interval;

/// What agents are counted by. An empty text stands for no value. The texts are shared: there are many dates and few groups.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Group {
    /// The organisation they work in.
    pub organ: Arc<str>,
    /// Their channel.
    pub channel: Arc<str>,
    /// Their status.
    pub status: Arc<str>,
}

/// Agents, by group; a group without any has no entry.
pub type Counts<K> = BTreeMap<K, i64>;

/// How many agents are in an organisation, and how many in it or below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Headcount {
    /// Right in it.
    pub agents: i64,
    /// In it or below it.
    pub below: i64,
}

/// How many agents more each date has, by group.
#[derive(Debug)]
pub struct Differences<K> {
    /// From a date on.
    by_date: BTreeMap<NaiveDate, Counts<K>>,
}

impl<K> Default for Differences<K> {
    fn default() -> Differences<K> {
        Differences { by_date: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Differences<K> {
    /// Counts agents of a group on the dates of an interval.
    pub fn add(&mut self, group: &K, valid: Interval, agents: i64) {
        self.add_from(group, valid.from, agents);
        if let Some(to) = valid.to {
            self.add_from(group, to, -agents);
        }
    }

    fn add_from(&mut self, group: &K, date: NaiveDate, agents: i64) {
        let counts = self.by_date.entry(date).or_default();
        match counts.get_mut(group) {
            Some(count) => *count += agents,
            None => _ = counts.insert(group.clone(), agents),
        }
    }

    /// How many agents more each of these dates has; the dates are ascending.
    pub fn on<'d>(
        &'d self,
        dates: impl Iterator<Item = NaiveDate> + 'd,
    ) -> impl Iterator<Item = (NaiveDate, Counts<K>)> + 'd {
        let mut later = self.by_date.iter().peekable();
        let mut more = Counts::new();
        dates.map(move |date| {
            while let Some((_, counts)) = later.next_if(|(from, _)| **from <= date) {
                add_all(&mut more, counts);
            }
            (date, more.clone())
        })
    }
}

/// Adds counts to others; groups of which nobody is left go.
pub fn add_all<K: Ord + Clone>(counts: &mut Counts<K>, more: &Counts<K>) {
    for (group, agents) in more.iter().filter(|(_, agents)| **agents != 0) {
        match counts.get_mut(group) {
            Some(count) => *count += agents,
            None => _ = counts.insert(group.clone(), *agents),
        }
        if counts.get(group) == Some(&0) {
            counts.remove(group);
        }
    }
}

/// The organisations above one, from its parent up. `find` tells the parent of an organisation: `None` if there is no
/// such organisation. A parent that is none counts as no parent, and the members of a cycle are tops, as in the forests.
///
/// # Errors
/// What `find` fails with.
pub fn above<E>(
    organ: &str,
    mut find: impl FnMut(&str) -> Result<Option<Option<String>>, E>,
) -> Result<Vec<String>, E> {
    let (mut above, mut seen) = (Vec::new(), HashSet::new());
    let mut next = find(organ)?.flatten();
    while let Some(parent) = next {
        if parent == organ {
            // It is in a cycle itself.
            return Ok(Vec::new());
        }
        let Some(up) = find(&parent)? else { break };
        if !seen.insert(parent.clone()) {
            // The first member of a cycle that was met is the top.
            let first = above.iter().position(|other| *other == parent).unwrap_or(0);
            above.truncate(first + 1);
            break;
        }
        above.push(parent);
        next = up;
    }
    Ok(above)
}

/// The agents in each organisation and below it, by group.
///
/// # Errors
/// What `find` fails with, which is as in [`above`].
pub fn with_those_below<E>(
    counts: &Counts<Group>,
    mut find: impl FnMut(&str) -> Result<Option<Option<String>>, E>,
) -> Result<BTreeMap<Group, Headcount>, E> {
    let mut sums: BTreeMap<Group, Headcount> = BTreeMap::new();
    let mut last: Option<(&str, Vec<Arc<str>>)> = None;
    for (group, agents) in counts {
        if last.as_ref().is_none_or(|(organ, _)| **organ != *group.organ) {
            let above = above(&group.organ, &mut find)?;
            last = Some((&group.organ, above.into_iter().map(Arc::from).collect()));
        }
        let own = sums.entry(group.clone()).or_default();
        own.agents += agents;
        own.below += agents;
        for organ in last.iter().flat_map(|(_, above)| above) {
            let group = Group { organ: organ.clone(), ..group.clone() };
            sums.entry(group).or_default().below += agents;
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::forest::Forest;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    fn group(organ: impl ToString, status: u8) -> Group {
        let (organ, status) = (organ.to_string().into(), status.to_string().into());
        Group { organ, channel: Arc::default(), status }
    }

    #[test]
    fn an_unknown_organisation_has_nothing_above_it() {
        let parents = [("86", None), ("8601", Some("86")), ("8609", Some("85"))];
        let find = |organ: &str| {
            let known = parents.iter().find(|(id, _)| *id == organ);
            Ok::<_, Infallible>(known.map(|(_, parent)| parent.map(str::to_owned)))
        };
        for (organ, expected) in
            [("86", vec![]), ("8601", vec!["86"]), ("8609", vec![]), ("85", vec![]), ("", vec![])]
        {
            assert_eq!(above(organ, find).unwrap(), expected, "{organ}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn those_below_are_the_subtree_sums_of_the_forest(
            parents in proptest::collection::vec(proptest::option::weighted(0.8, 0u32..9), 1..8),
            agents in proptest::collection::vec((0u32..10, 1u8..3), 0..20),
        ) {
            let n = parents.len();
            let mut counts = Counts::new();
            for (organ, status) in &agents {
                add_all(&mut counts, &[(group(organ, *status), 1)].into());
            }
            let find = |organ: &str| {
                let known = organ.parse::<usize>().ok().and_then(|at| parents.get(at));
                Ok::<_, Infallible>(known.map(|parent| parent.map(|p| p.to_string())))
            };
            let found = with_those_below(&counts, find).unwrap();
            let forest = Forest::new(parents.clone());
            let mut expected = BTreeMap::new();
            for status in 1..3u8 {
                let of = |organ: usize| {
                    agents.iter().filter(|(o, s)| *o as usize == organ && *s == status).count()
                };
                let own: Vec<u32> = (0..n).map(|organ| of(organ) as u32).collect();
                let mut below = forest.subtree_sums(own);
                // An organisation that is not there has what is in it.
                below.extend((n..10).map(|organ| of(organ) as u32));
                for (organ, below) in below.into_iter().enumerate().filter(|(_, n)| *n > 0) {
                    let headcount = Headcount { agents: of(organ) as i64, below: below.into() };
                    expected.insert(group(organ, status), headcount);
                }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn differences_tell_the_counts_of_every_date(
            intervals in proptest::collection::vec((1u32..12, 1u32..6, 0u8..3, -2i64..3), 0..12)
        ) {
            let mut differences = Differences::default();
            let dates = |from: u32, length: u32| Interval {
                from: day(from),
                to: (length < 5).then(|| day(from + length)),
            };
            for (from, length, status, agents) in &intervals {
                differences.add(&group("86", *status), dates(*from, *length), *agents);
            }
            for (date, more) in differences.on((1..20).step_by(2).map(day)) {
                let mut expected = Counts::new();
                for (from, length, status, agents) in &intervals {
                    if dates(*from, *length).contains(date) {
                        add_all(&mut expected, &[(group("86", *status), *agents)].into());
                    }
                }
                prop_assert_eq!(more, expected);
            }
        }
    }
}
