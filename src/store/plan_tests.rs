//! Compares the plan with a naive model that replays lists of full snapshots.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The tables as plain collections, written only by executing plans.
#[derive(Debug, Clone, Default)]
struct Tables {
    next_row: i64,
    current: BTreeMap<i64, Version>,
    history: BTreeMap<i64, (Version, NaiveDate)>,
    carry: BTreeMap<(u8, NaiveDate), Option<NaiveDate>>,
    newest: Option<NaiveDate>,
    writes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    key: u8,
    content: i64,
    valid_from: NaiveDate,
    carried_since: Option<NaiveDate>,
}

/// A delivery: for each key that is in it a content, or `None` if its row was quarantined.
type Delivery = BTreeMap<u8, Option<i64>>;

/// The state that must depend only on the last delivery of each date.
type State =
    (Vec<Version>, Vec<(Version, NaiveDate)>, BTreeMap<(u8, NaiveDate), Option<NaiveDate>>);

impl Tables {
    fn import(&mut self, date: NaiveDate, delivery: &Delivery) -> Vec<KeyPlan> {
        self.newest = self.newest.max(Some(date));
        let plans: Vec<(u8, KeyPlan)> = (0..KEYS)
            .map(|key| {
                let delivered = match delivery.get(&key) {
                    Some(Some(content)) => Delivered::Accepted(*content),
                    Some(None) => Delivered::Quarantined,
                    None => Delivered::Absent,
                };
                (key, plan_key(date, &self.stored(key, date), delivered))
            })
            .collect();
        for (key, plan) in &plans {
            self.apply(date, *key, plan, delivery.get(key).copied().flatten());
        }
        plans.into_iter().map(|(_, plan)| plan).collect()
    }

    fn stored(&self, key: u8, date: NaiveDate) -> StoredKey {
        let open = self.current.iter().find(|(_, v)| v.key == key).map(|(row, v)| OpenVersion {
            row: *row,
            hash: v.content,
            valid_from: v.valid_from,
            carried_since: v.carried_since,
        });
        let closed = self
            .history
            .iter()
            .find(|(_, (v, to))| v.key == key && *to == date)
            .map(|(row, (v, _))| ClosedVersion { row: *row, hash: v.content });
        let carry_ended = self
            .carry
            .iter()
            .find(|((k, _), to)| *k == key && **to == Some(date))
            .map(|((_, from), _)| *from);
        StoredKey { open, closed, carry_ended }
    }

    fn apply(&mut self, date: NaiveDate, key: u8, plan: &KeyPlan, content: Option<i64>) {
        let delivered =
            || Version { key, content: content.unwrap(), valid_from: date, carried_since: None };
        let mut archive = |current: &BTreeMap<i64, Version>, row: i64, archive: Option<Archive>| {
            if let Some(Archive { carried_since }) = archive {
                self.next_row += 1;
                let closed = Version { carried_since, ..current[&row].clone() };
                self.history.insert(self.next_row, (closed, date));
            }
        };
        match plan.row {
            RowChange::Keep => {}
            RowChange::Insert => {
                self.next_row += 1;
                self.current.insert(self.next_row, delivered());
            }
            RowChange::Overwrite { row, archive: close } => {
                archive(&self.current, row, close);
                *self.current.get_mut(&row).unwrap() = delivered();
            }
            RowChange::Delete { row, archive: close } => {
                archive(&self.current, row, close);
                self.current.remove(&row).unwrap();
            }
            RowChange::SetCarriedSince { row, carried_since } => {
                self.current.get_mut(&row).unwrap().carried_since = carried_since;
            }
            RowChange::Reopen { closed, over, carried_since } => {
                self.next_row += 1;
                let (version, _) = self.history.remove(&closed).unwrap();
                let row = over.unwrap_or(self.next_row);
                self.current.insert(row, Version { carried_since, ..version });
            }
        }
        match plan.carry {
            CarryChange::Keep => {}
            CarryChange::Begin => {
                assert_eq!(self.carry.insert((key, date), None), None);
            }
            CarryChange::Discard => {
                assert_eq!(self.carry.remove(&(key, date)), Some(None));
            }
            CarryChange::End(from) => {
                assert_eq!(self.carry.insert((key, from), Some(date)), Some(None));
            }
            CarryChange::Resume(from) => {
                assert_eq!(self.carry.insert((key, from), None), Some(Some(date)));
            }
        }
        self.writes += usize::from(plan.row != RowChange::Keep);
        self.writes += usize::from(plan.carry != CarryChange::Keep);
    }

    fn state(&self) -> State {
        let mut current: Vec<Version> = self.current.values().cloned().collect();
        current.sort();
        let mut history: Vec<(Version, NaiveDate)> = self.history.values().cloned().collect();
        history.sort();
        (current, history, self.carry.clone())
    }
}

const KEYS: u8 = 5;

/// The expected state, computed key by key from the last delivery of each date, without plans.
fn replay(deliveries: &BTreeMap<NaiveDate, Delivery>) -> State {
    let (mut current, mut history, mut carry) = (Vec::new(), Vec::new(), BTreeMap::new());
    for key in 0..KEYS {
        let mut open: Option<Version> = None;
        for (date, delivery) in deliveries {
            match (delivery.get(&key), &mut open) {
                (Some(Some(content)), Some(version)) if version.content == *content => {
                    if let Some(from) = version.carried_since.take() {
                        carry.insert((key, from), Some(*date));
                    }
                }
                (Some(None), None) => {}
                (Some(None), Some(version)) => {
                    if version.carried_since.is_none() {
                        version.carried_since = Some(*date);
                        carry.insert((key, *date), None);
                    }
                }
                (accepted, _) => {
                    if let Some(version) = open.take() {
                        if let Some(from) = version.carried_since {
                            carry.insert((key, from), Some(*date));
                        }
                        history.push((version, *date));
                    }
                    open = accepted.copied().flatten().map(|content| Version {
                        key,
                        content,
                        valid_from: *date,
                        carried_since: None,
                    });
                }
            }
        }
        current.extend(open);
    }
    current.sort();
    history.sort();
    (current, history, carry)
}

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1 + n).unwrap()
}

fn deliveries() -> impl Strategy<Value = Vec<(bool, Delivery)>> {
    let content = prop_oneof![3 => (0i64..3).prop_map(Some), 1 => Just(None)];
    let delivery = proptest::collection::btree_map(0..KEYS, content, 0..=KEYS as usize);
    // The flag says whether the delivery is of the next date or replaces the newest one.
    proptest::collection::vec((any::<bool>(), delivery), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_last_delivery_of_each_date_decides(list in deliveries()) {
        let (mut tables, mut last, mut date) = (Tables::default(), BTreeMap::new(), 0);
        for (next, delivery) in &list {
            date += u32::from(*next);
            tables.import(day(date), delivery);
            last.insert(day(date), delivery.clone());
            prop_assert_eq!(tables.state(), replay(&last));
        }
    }

    #[test]
    fn the_same_delivery_again_writes_nothing(list in deliveries()) {
        let (mut tables, mut date) = (Tables::default(), 0);
        for (next, delivery) in &list {
            date += u32::from(*next);
            tables.import(day(date), delivery);
            let before = (tables.writes, tables.state());
            for plan in tables.import(day(date), delivery) {
                prop_assert!(matches!(plan.table_outcome, KeyOutcome::Unchanged | KeyOutcome::Carried | KeyOutcome::Nothing));
            }
            prop_assert_eq!((tables.writes, tables.state()), before);
        }
    }

    #[test]
    fn key_outcomes_are_the_difference_of_the_snapshots(list in deliveries()) {
        let (mut tables, mut last, mut date) = (Tables::default(), BTreeMap::new(), 0);
        for (next, delivery) in &list {
            date += u32::from(*next);
            let stood = contents(&tables.state());
            last.remove(&day(date));
            let before = contents(&replay(&last));
            let plans = tables.import(day(date), delivery);
            last.insert(day(date), delivery.clone());
            let after = contents(&tables.state());
            for (key, plan) in (0..KEYS).zip(plans) {
                prop_assert_eq!(plan.table_outcome, outcome(stood.get(&key), after.get(&key)));
                prop_assert_eq!(plan.snapshot_outcome, outcome(before.get(&key), after.get(&key)));
            }
        }
    }
}

/// Content and whether it is carried, by key.
fn contents(state: &State) -> BTreeMap<u8, (i64, bool)> {
    state.0.iter().map(|v| (v.key, (v.content, v.carried_since.is_some()))).collect()
}

fn outcome(before: Option<&(i64, bool)>, after: Option<&(i64, bool)>) -> KeyOutcome {
    match (before, after) {
        (_, Some((_, true))) => KeyOutcome::Carried,
        (None, Some(_)) => KeyOutcome::Added,
        (Some(a), Some(b)) if a.0 != b.0 => KeyOutcome::Changed,
        (Some(_), Some(_)) => KeyOutcome::Unchanged,
        (Some(_), None) => KeyOutcome::Removed,
        (None, None) => KeyOutcome::Nothing,
    }
}
