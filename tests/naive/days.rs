//! The rules that compare a delivery with the snapshot before: S.

use std::collections::{BTreeMap, BTreeSet};

use super::{Read, Record};

/// A snapshot: the published rows, by feed and key.
pub(crate) type Snapshot = BTreeMap<&'static str, BTreeMap<String, Record>>;

/// Code (of S801 with the level), feed, lines, key, rows affected.
pub(crate) type Changes = BTreeSet<(String, String, Vec<u64>, Option<String>, u64)>;

/// What is published of a delivery: its accepted rows, and the last good rows of keys that are quarantined.
pub(crate) fn snapshot(before: &Snapshot, read: &Read) -> Snapshot {
    let mut now = read.accepted.clone();
    for (feed, rows) in before {
        for (key, row) in rows.iter().filter(|(key, _)| read.keys[feed].contains(*key)) {
            now.entry(feed).or_default().entry(key.clone()).or_insert_with(|| row.clone());
        }
    }
    now
}

/// What the rules find in a delivery after a snapshot.
pub(crate) fn changes(before: &Snapshot, read: &Read) -> Changes {
    let mut found = Changes::new();
    let mut add = |code: &str, feed: &str, line: Option<u64>, key: &str, affected: usize| {
        let lines: Vec<u64> = line.into_iter().collect();
        let (code, feed) = (code.to_owned(), feed.to_owned());
        found.insert((code, feed, lines, Some(key.to_owned()), affected as u64));
    };
    for (key, was) in &before["agent"] {
        let Some(is) = read.accepted["agent"].get(key) else {
            if !read.keys["agent"].contains(key) {
                let level = if was.get("agentStatus") == "2" { "info" } else { "warning" };
                add(&format!("S801 {level}"), "agent", None, key, 1);
            }
            continue;
        };
        let at = Some(is.line);
        let identity = ["agentName", "gender", "enterCompanyDate"];
        if identity.iter().all(|field| was.get(field) != is.get(field)) {
            add("S802", "agent", at, key, 1);
        }
        if was.get("agentStatus") == "2" && is.get("agentStatus") == "1" {
            add("S803", "agent", at, key, 1);
        }
    }
    let moves: [(&str, &str, &[&str], &str, &str); 2] = [
        ("S804", "organ", &["parentId"], "parentId", "workingOrganId"),
        ("S805", "node", &["parentNodeId", "organId"], "parentNodeId", "workingNodeId"),
    ];
    for (code, feed, fields, parent, place) in moves {
        for (key, was) in &before[feed] {
            let Some(is) = read.accepted[feed].get(key) else { continue };
            if fields.iter().any(|field| was.get(field) != is.get(field)) {
                let agents = read.accepted["agent"].values();
                let below = agents.filter(|a| is_below(read, feed, parent, a.get(place), key));
                add(code, feed, Some(is.line), key, below.count());
            }
        }
    }
    found
}

/// Whether a record is another one or below it. The edges of cycles do not count.
fn is_below(read: &Read, feed: &str, parent: &str, record: &str, other: &str) -> bool {
    let rows = &read.accepted[feed];
    let up = |key: &str| rows.get(key).map(|row| row.get(parent).to_owned());
    let in_cycle = |key: &str| {
        let mut at = up(key);
        for _ in 0..=rows.len() {
            match at {
                Some(above) if above == key => return true,
                Some(above) => at = up(&above),
                None => return false,
            }
        }
        false
    };
    let mut at = record.to_owned();
    while rows.contains_key(&at) {
        if at == other {
            return true;
        }
        match up(&at).filter(|_| !in_cycle(&at)) {
            Some(above) => at = above,
            None => return false,
        }
    }
    false
}
