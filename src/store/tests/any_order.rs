//! Deliveries in any order, repeated, corrected and taken back: the tables are a function of what is left of them.
//!
//! `ORGSNAP_HISTORIES=500` tries so many random histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rusqlite::Connection;

use super::derived;
use super::fixture::*;
use super::importing::*;
use crate::model::{Feed, FeedChanges, PerFeed};
use crate::store::{FeedOutcome, StoreError};

/// The content of a row as the tables show it, and its hash.
type Row = (String, i64);
/// A snapshot of one feed, by key.
type Snapshot = BTreeMap<String, Row>;

/// The rows of one feed that a delivery has accepted, by key, and the keys of the others.
fn lines_of(delivery: &Delivery, feed: Feed) -> (Snapshot, BTreeSet<String>) {
    let width = schema().feed(feed).fields.len();
    let (mut accepted, mut quarantined) = (Snapshot::new(), BTreeSet::new());
    for line in delivery.text(feed).lines() {
        let content = line.trim_start_matches('!');
        let mut cells: Vec<&str> = content.split('|').collect();
        cells.resize(width, "");
        let shown = cells.iter().map(|cell| if cell.is_empty() { "-" } else { cell });
        let row = shown.collect::<Vec<_>>().join("|");
        let hash = xxhash_rust::xxh3::xxh3_64(content.as_bytes()).cast_signed();
        match line.starts_with('!') {
            true => _ = quarantined.insert(cells[0].to_owned()),
            false => _ = accepted.insert(cells[0].to_owned(), (row, hash)),
        }
    }
    (accepted, quarantined)
}

/// The definition of what a date means, over maps: everything that follows from the deliveries.
#[derive(Debug, Default)]
struct Replay {
    /// The lines of all tables.
    lines: Vec<String>,
    /// By date and feed.
    snapshots: BTreeMap<u32, PerFeed<Snapshot>>,
}

/// A version of a record that is there: its row, its first date, and since when it is carried.
struct Held {
    row: Row,
    from: u32,
    since: Option<u32>,
}

fn iso(n: u32) -> String {
    day(n).to_string()
}

fn shown(date: Option<u32>) -> String {
    date.map_or("-".to_owned(), iso)
}

impl Replay {
    fn of(deliveries: &BTreeMap<u32, Delivery>) -> Replay {
        let mut replay = Replay::default();
        for n in deliveries.keys() {
            replay.snapshots.insert(*n, PerFeed::default());
        }
        for feed in Feed::ALL {
            replay.feed(feed, deliveries);
        }
        for (n, snapshots) in &replay.snapshots {
            let [agent, node, organ, principal] = Feed::ALL.map(|feed| snapshots[feed].len());
            let line = format!("snapshot|{}|{agent}|{node}|{organ}|{principal}", iso(*n));
            replay.lines.push(line);
        }
        if let Some((_, newest)) = replay.snapshots.last_key_value() {
            replay.lines.extend(tree_lines("organ", &newest[Feed::Organ], 2));
            replay.lines.extend(tree_lines("recruit", &newest[Feed::Agent], 4));
        }
        replay.lines.sort();
        replay
    }

    fn feed(&mut self, feed: Feed, deliveries: &BTreeMap<u32, Delivery>) {
        let mut state: BTreeMap<String, Held> = BTreeMap::new();
        let mut lines = Vec::new();
        let carried = |key: &str, from: u32, to: Option<u32>, lines: &mut Vec<String>| {
            lines.push(format!("carry|{feed}|{key}|{}|{}", iso(from), shown(to)));
        };
        for (n, delivery) in deliveries {
            let (accepted, quarantined) = lines_of(delivery, feed);
            let keys: BTreeSet<String> =
                state.keys().chain(accepted.keys()).chain(&quarantined).cloned().collect();
            for key in keys {
                let former = state.remove(&key);
                let end = |held: Held, lines: &mut Vec<String>| {
                    let Held { row: (cells, hash), from, since } = held;
                    let (from, to, since) = (iso(from), iso(*n), shown(since));
                    lines.push(format!("old {feed}|{cells}|{from}|{to}|{since}|{hash}"));
                };
                if let Some(since) = former.as_ref().and_then(|held| held.since)
                    && (!quarantined.contains(&key) || accepted.contains_key(&key))
                {
                    carried(&key, since, Some(*n), &mut lines);
                }
                let held = match (accepted.get(&key), former) {
                    (Some(row), Some(held)) if held.row == *row => Held { since: None, ..held },
                    (Some(row), former) => {
                        former.into_iter().for_each(|held| end(held, &mut lines));
                        Held { row: row.clone(), from: *n, since: None }
                    }
                    (None, Some(held)) if quarantined.contains(&key) => {
                        Held { since: held.since.or(Some(*n)), ..held }
                    }
                    (None, Some(held)) => {
                        end(held, &mut lines);
                        continue;
                    }
                    (None, None) => {
                        lines.push(format!("quarantined_key|{feed}|{key}|{}", iso(*n)));
                        continue;
                    }
                };
                state.insert(key, held);
            }
            let rows = state.iter().map(|(key, held)| (key.clone(), held.row.clone()));
            self.snapshots.get_mut(n).unwrap()[feed] = rows.collect();
        }
        for (key, Held { row: (cells, hash), from, since }) in state {
            lines.push(format!("{feed}|{cells}|{}|{}|{hash}", iso(from), shown(since)));
            if let Some(since) = since {
                carried(&key, since, None, &mut lines);
            }
        }
        self.lines.extend(lines);
    }

    /// How the snapshot of a date differs from another state.
    fn changes(&self, n: u32, feed: Feed, from: Option<&Snapshot>, of: &Delivery) -> FeedChanges {
        let (after, (accepted, quarantined)) = (&self.snapshots[&n][feed], lines_of(of, feed));
        let none = Snapshot::new();
        let from = from.unwrap_or(&none);
        let mut changes = FeedChanges::default();
        for key in from.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let is_carried = quarantined.contains(key) && !accepted.contains_key(key);
            match (from.get(key), after.get(key)) {
                (_, Some(_)) if is_carried => changes.carried += 1,
                (None, _) => changes.added += 1,
                (_, None) => changes.removed += 1,
                (Some(before), Some(after)) if before == after => changes.unchanged += 1,
                _ => changes.changed += 1,
            }
        }
        changes
    }

    fn before(&self, n: u32, feed: Feed) -> Option<&Snapshot> {
        self.snapshots.range(..n).next_back().map(|(_, snapshots)| &snapshots[feed])
    }
}

/// The rows of the forest over a snapshot whose `parent`th cell names the parent.
fn tree_lines(forest: &str, snapshot: &Snapshot, parent: usize) -> Vec<String> {
    let up = |id: &str| {
        let named = snapshot[id].0.split('|').nth(parent).unwrap();
        snapshot.get_key_value(named).map(|(id, _)| id.as_str())
    };
    let chain = |id: &str| {
        let mut chain = vec![id.to_owned()];
        while let Some(next) = up(chain.last().unwrap()) {
            chain.push(next.to_owned());
        }
        chain
    };
    let line = |id: &String| {
        let chain = chain(id);
        let (parent, root) = (up(id).unwrap_or("-"), chain.last().unwrap());
        let depth = chain.len() - 1;
        let children = snapshot.keys().filter(|other| up(other) == Some(id)).count();
        let path: Vec<&str> = chain.iter().rev().map(String::as_str).collect();
        let below = snapshot.keys().filter(|o| *o != id && self::contains(&up, o, id)).count();
        match forest {
            "organ" => {
                let names = path.join("/");
                let levels: String =
                    (0..6).map(|n| format!("|{}|-", path.get(n).unwrap_or(&"-"))).collect();
                let agents = below * 10;
                format!(
                    "organ_tree|{id}|{parent}|{depth}|/{names}/|{names}{levels}|{children}|{below}|{agents}|{below}"
                )
            }
            _ => format!("recruit_tree|{id}|{parent}|{root}|{depth}|{children}|{below}|{below}"),
        }
    };
    snapshot.keys().map(line).collect()
}

/// Whether a record is above another one.
fn contains<'s>(up: &impl Fn(&str) -> Option<&'s str>, of: &str, above: &str) -> bool {
    let mut at = up(of);
    while let Some(id) = at {
        if id == above {
            return true;
        }
        at = up(id);
    }
    false
}

/// What a delivery has of a record.
#[derive(Debug, Clone, Copy)]
enum Delivered {
    Accepted(u8),
    Quarantined,
    Both(u8),
}

/// A generated delivery. Recruiters have smaller numbers, so there is no cycle.
fn delivery_of(
    agents: &BTreeMap<u8, Delivered>,
    organs: &BTreeMap<u8, Delivered>,
    nodes: &BTreeMap<u8, Delivered>,
) -> Delivery {
    let lines = |id: String, delivered: &Delivered, row: &dyn Fn(u8) -> String| match delivered {
        Delivered::Accepted(content) => row(*content),
        Delivered::Quarantined => format!("!{id}|bad"),
        Delivered::Both(content) => format!("!{id}|bad\n{}", row(*content)),
    };
    let agent = |(id, delivered): (&u8, &Delivered)| {
        lines(format!("A{id}"), delivered, &|content| {
            let recruiter =
                id.checked_sub(content + 1).map(|r| format!("A{r}")).unwrap_or_default();
            let at = usize::from(content);
            let cells = [
                "name 0|1|2020-01-01||8601|1|G1|N1|甲组",
                "name 1|2|2020-01-01||860101|1|G2|N1|乙组",
                "name 1|1|2021-01-01||8699|2|G2|N2|甲组",
                "name 1|1|2021-01-01||||||",
                "name 1|1|2021-01-01||860101|1|G2|N1|",
            ];
            format!("A{id}|{}", cells[at].replace("01||", &format!("01|{recruiter}|")))
        })
    };
    let organ = |(at, delivered): (&u8, &Delivered)| {
        let line = ORGANS.lines().nth(usize::from(*at)).unwrap();
        let cells: Vec<String> = line.split('|').map(str::to_owned).collect();
        lines(cells[0].clone(), delivered, &|content| {
            let mut cells = cells.clone();
            cells[1].push_str(&content.to_string());
            // Another parent, or none.
            match (cells[0].as_str(), content) {
                ("860101", 3) => cells[2] = "8602".to_owned(),
                ("8601", 4) => cells[2].clear(),
                _ => {}
            }
            cells.join("|")
        })
    };
    // The order in the file differs from the order of the keys.
    let agents: Vec<String> = agents.iter().rev().map(agent).collect();
    let organs: Vec<String> = organs.iter().map(organ).collect();
    let node = |(id, delivered): (&u8, &Delivered)| {
        lines(format!("N{id}"), delivered, &|content| {
            let cells =
                ["甲||A1|8601|1", "乙|N9|A1|8601|2", "乙|N9|A2|8602|1", "乙||||", "丙|N9|A2||3"];
            format!("N{id}|{}", cells[usize::from(content)])
        })
    };
    let nodes: Vec<String> = nodes.iter().map(node).collect();
    let [agent, organ, node] = [agents, organs, nodes].map(|lines| lines.join("\n"));
    Delivery { agent, organ, node: Some(node) }
}

fn a_delivery() -> impl Strategy<Value = Delivery> {
    let delivered = prop_oneof![
        4 => (0u8..5).prop_map(Delivered::Accepted),
        3 => Just(Delivered::Quarantined),
        1 => (0u8..5).prop_map(Delivered::Both),
    ];
    let agents = proptest::collection::btree_map(0u8..6, delivered.clone(), 0..6);
    let organs = proptest::collection::btree_map(0u8..4, delivered.clone(), 0..4);
    let nodes = proptest::collection::btree_map(0u8..3, delivered, 0..3);
    (agents, organs, nodes)
        .prop_map(|(agents, organs, nodes)| delivery_of(&agents, &organs, &nodes))
}

/// A delivery of a day, or its retraction; sometimes the day's last delivery once more.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Deliver(u32, Delivery),
    Repeat(u32),
    Retract(u32),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1u32..7, a_delivery()).prop_map(|(n, delivery)| Step::Deliver(n, delivery)),
        1 => (1u32..7).prop_map(Step::Repeat),
        2 => (1u32..7).prop_map(Step::Retract),
    ];
    proptest::collection::vec(step, 1..14)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much is tried is asked for, as by proptest itself"
)]
pub(super) fn histories() -> u32 {
    std::env::var("ORGSNAP_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(histories()))]

    #[test]
    fn the_tables_follow_from_the_last_deliveries_alone(steps in steps()) {
        let database = TestDatabase::new();
        let mut store = database.open();
        // No power is cut here.
        store.conn().pragma_update(None, "synchronous", "off").unwrap();
        let mut deliveries: BTreeMap<u32, Delivery> = BTreeMap::new();
        for step in steps {
            let former = Replay::of(&deliveries);
            let (n, delivery, repeated) = match step {
                Step::Deliver(n, delivery) => (n, delivery, false),
                Step::Repeat(n) => {
                    let Some(delivery) = deliveries.get(&n) else { continue };
                    count_written(store.conn());
                    (n, delivery.clone(), true)
                }
                Step::Retract(n) => {
                    match (retract(&mut store, n), deliveries.remove(&n)) {
                        (Ok(_), Some(_)) | (Err(StoreError::UnknownDate { .. }), None) => {}
                        (retracted, known) => prop_assert!(false, "{retracted:?} {known:?}"),
                    }
                    prop_assert_eq!(content(store.conn()), Replay::of(&deliveries).lines);
                    derived::assert_definitions(store.conn());
                    continue;
                }
            };
            let outcomes = import(&mut store, n, &delivery);
            deliveries.insert(n, delivery.clone());
            let replay = Replay::of(&deliveries);
            prop_assert_eq!(&content(store.conn()), &replay.lines);
            derived::assert_definitions(store.conn());
            if repeated {
                // No row is written that is right.
                prop_assert_eq!(counted(store.conn()), 0);
            }
            for feed in Feed::ALL {
                let before = replay.before(n, feed);
                let on = former.snapshots.get(&n).map(|s| &s[feed]).or(before);
                let changes = |from| replay.changes(n, feed, from, &delivery);
                let expected =
                    FeedOutcome { snapshot_changes: changes(before), table_changes: changes(on) };
                prop_assert_eq!(outcomes[feed], expected, "{}", feed);
            }
        }
        prop_assert_eq!(rows(store.conn(), "pragma integrity_check"), ["ok"]);
        derived::assert_filled_alike(&store);
    }
}

/// Counts from here on the rows of feeds that are written.
fn count_written(conn: &Connection) {
    conn.execute_batch("create temp table written (rows integer); insert into written values (0)")
        .unwrap();
    for table in Feed::ALL.map(|f| [f.name().to_owned(), format!("{f}_history")]).concat() {
        for event in ["insert", "update", "delete"] {
            conn.execute_batch(&format!(
                "create temp trigger {table}_{event} after {event} on main.{table} \
                 begin update written set rows = rows + 1; end"
            ))
            .unwrap();
        }
    }
}

/// How many were written; ends the counting.
fn counted(conn: &Connection) -> i64 {
    let count = conn.query_row("select rows from written", [], |row| row.get(0)).unwrap();
    for table in Feed::ALL.map(|f| [f.name().to_owned(), format!("{f}_history")]).concat() {
        for event in ["insert", "update", "delete"] {
            conn.execute_batch(&format!("drop trigger {table}_{event}")).unwrap();
        }
    }
    conn.execute_batch("drop table written").unwrap();
    count
}
