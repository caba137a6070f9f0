//! What happened from day to day, by comparing the rows of neighbouring snapshots.

use std::collections::{BTreeMap, BTreeSet};

use super::places::{below, level_2};
use super::{Expected, History, Row, active, number};
use crate::naive::Record;

#[derive(Clone)]
struct Event {
    date: String,
    id: String,
    kind: &'static str,
    from: String,
    to: String,
    organ: String,
    node: String,
}

/// The events of a feed: whose change of a field is which kind.
fn events(history: &History, feed: &str, kinds: &[(&'static str, &'static str)]) -> Vec<Event> {
    let (organ, node, status) = match feed {
        "agent" => ("workingOrganId", "workingNodeId", "agentStatus"),
        _ => ("organId", "parentNodeId", "work"),
    };
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    let mut found = Vec::new();
    for pair in history.days.windows(2) {
        let (before, (date, now)) = (&pair[0].1[feed], (&pair[1].0, &pair[1].1[feed]));
        seen.extend(before.keys());
        let mut add = |id: &String, at: &Record, kind, from: &str, to: &str| {
            found.push(Event {
                date: date.clone(),
                id: id.clone(),
                kind,
                from: from.to_owned(),
                to: to.to_owned(),
                organ: at.get(organ).to_owned(),
                node: at.get(node).to_owned(),
            });
        };
        for (id, was) in before.iter().filter(|(id, _)| !now.contains_key(*id)) {
            add(id, was, "gone", was.get(status), "");
        }
        for (id, is) in now {
            let Some(was) = before.get(id) else {
                let kind = match (seen.contains(id), feed) {
                    (true, _) => "back",
                    (false, "agent") => "entered",
                    (false, _) => "opened",
                };
                add(id, is, kind, "", is.get(status));
                continue;
            };
            for (field, kind) in kinds {
                let (from, to) = (was.get(field), is.get(field));
                if from != to && (*kind != "left" || to == "2") && (*kind != "back" || to == "1") {
                    add(id, is, kind, from, to);
                }
            }
            let other = [
                "gender",
                "recommendByNodeId",
                "recommendDate",
                "enterCompanyDate",
                "leaveCompanyDate",
                "channel",
            ];
            let columns = [
                "gender",
                "recommend_by_node_id",
                "recommend_date",
                "enter_company_date",
                "leave_company_date",
                "channel",
            ];
            // When an agent leaves or comes back, the event of the status tells the date too.
            let told = was.get(status) != is.get(status);
            let changed = other
                .iter()
                .zip(columns)
                .filter(|(f, _)| was.get(f) != is.get(f) && !(told && **f == "leaveCompanyDate"));
            let changed: Vec<_> = changed.filter(|_| feed == "agent").collect();
            if !changed.is_empty() {
                let list = |of: &Record| {
                    let cells =
                        changed.iter().map(|(field, column)| format!("{column}={}", of.get(field)));
                    cells.collect::<Vec<_>>().join("; ")
                };
                add(id, is, "changed", &list(was), &list(is));
            }
        }
    }
    found.sort_by(|a, b| (&a.date, a.kind, &a.id).cmp(&(&b.date, b.kind, &b.id)));
    found
}

fn of_agents(history: &History) -> Vec<Event> {
    let kinds = [
        ("agentStatus", "left"),
        ("agentStatus", "back"),
        ("workingOrganId", "moved_organ"),
        ("workingNodeId", "moved_team"),
        ("agentGradeLevel", "regraded"),
        ("agentName", "renamed"),
        ("recommendByAgentId", "recruiter_changed"),
    ];
    events(history, "agent", &kinds)
}

/// How often each pair of values occurs, the most frequent first.
fn pairs(events: impl Iterator<Item = Event>) -> Vec<((String, String), usize)> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for event in events {
        *counts.entry((event.from, event.to)).or_default() += 1;
    }
    let mut pairs: Vec<_> = counts.into_iter().collect();
    pairs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    pairs
}

pub(super) fn expected(history: &History, id: &str) -> Option<Expected> {
    let newest = history.newest();
    let mut period = history.period();
    let (first, last) = (period[0].1.clone(), period[1].1.clone());
    let agents = of_agents(history).into_iter();
    let mut inside = agents.filter(|event| event.date >= first && event.date <= last);
    let name = |feed: &str, field: &str, id: &str| {
        newest[feed].get(id).map_or(String::new(), |record| record.get(field).to_owned())
    };
    let rows: Vec<Row> = match id {
        "life-of-an-agent" => {
            let all = of_agents(history);
            let mut lives: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for event in &all {
                lives.entry(&event.id).or_default().insert(event.kind);
            }
            let agent = lives.iter().max_by_key(|(_, kinds)| kinds.len())?.0.to_string();
            let own = all.into_iter().filter(|event| event.id == agent);
            let rows = own.map(|e| vec![e.date, e.kind.to_owned(), e.from, e.to, e.organ, e.node]);
            let rows = rows.collect();
            return Some((vec![("agent", agent)], rows));
        }
        "entered-left-rate" => {
            let before = history.days.iter().rfind(|(day, _)| *day < first)?;
            let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
            let all: Vec<Event> = inside.collect();
            for event in &all {
                let Some(branch) = level_2(newest, &event.organ) else { continue };
                let at = match (event.kind, event.to.as_str()) {
                    ("entered", "1") => 0,
                    ("left", _) => 1,
                    ("back", "1") => 2,
                    _ => continue,
                };
                counts.entry(branch).or_default()[at] += 1;
            }
            let row = |(branch, counts): (&str, [usize; 3])| {
                let at_work = below(&before.1, branch, active);
                let rate = number(100.0 * counts[1] as f64 / at_work as f64);
                let texts = [branch.to_owned(), name("organ", "organName", branch)];
                [texts.to_vec(), counts.map(|n| n.to_string()).to_vec(), vec![rate]].concat()
            };
            counts.into_iter().map(row).collect()
        }
        "grade-changes" => pairs(inside.filter(|event| event.kind == "regraded"))
            .into_iter()
            .map(|((from, to), agents)| vec![from, to, agents.to_string()])
            .collect(),
        "moves-between-teams" => {
            let moves: Vec<Event> = inside.filter(|event| event.kind == "moved_team").collect();
            let team = pairs(moves.iter().cloned()).swap_remove(0).0.0;
            let own = moves.into_iter().filter(|event| event.from == team || event.to == team);
            let rows = own.map(|e| {
                let names = [name("node", "nodeName", &e.from), name("node", "nodeName", &e.to)];
                let [from_name, to_name] = names;
                let agent = name("agent", "agentName", &e.id);
                vec![e.date, e.id, agent, e.from, from_name, e.to, to_name]
            });
            let rows = rows.collect();
            period.push(("team", team));
            rows
        }
        "transfers-between-organisations" => {
            let moved = pairs(inside.filter(|event| event.kind == "moved_organ")).into_iter();
            let row = |((from, to), agents): ((String, String), usize)| {
                let names = [name("organ", "organName", &from), name("organ", "organName", &to)];
                let [from_name, to_name] = names;
                vec![from, from_name, to, to_name, agents.to_string()]
            };
            moved.map(row).collect()
        }
        "between-two-days" => {
            let (earlier, later) = (history.date(3), history.date(6));
            let mut kinds: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
            let all = of_agents(history).into_iter();
            for event in all.filter(|event| event.date > earlier && event.date <= later) {
                let kind = kinds.entry(event.kind).or_default();
                kind.0 += 1;
                kind.1.insert(event.id);
            }
            let row = |(kind, (events, ids)): (&str, (usize, BTreeSet<String>))| {
                vec![kind.to_owned(), events.to_string(), ids.len().to_string()]
            };
            let rows = kinds.into_iter().map(row).collect();
            return Some((vec![("earlier", earlier), ("later", later)], rows));
        }
        "leader-changes" => {
            let changed = events(history, "node", &[("agentId", "leader_changed")]).into_iter();
            let changed = changed.filter(|event| event.kind == "leader_changed");
            let changed = changed.filter(|event| event.date >= first && event.date <= last);
            let row = |e: Event| {
                let team = ["nodeName", "nodeLevel"].map(|field| name("node", field, &e.id));
                let [title, level] = team;
                let names =
                    [name("agent", "agentName", &e.from), name("agent", "agentName", &e.to)];
                let [from_name, to_name] = names;
                vec![e.date, e.id, title, level, e.from, from_name, e.to, to_name]
            };
            changed.map(row).collect()
        }
        _ => {
            inside.next();
            return None;
        }
    };
    Some((period, rows))
}
