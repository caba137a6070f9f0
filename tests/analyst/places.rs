//! Headcounts and hierarchies, counted over the rows of a snapshot.

use std::collections::BTreeMap;

use super::{Expected, History, Row, active, number};
use crate::naive::{Record, Snapshot};

/// A record and those above it, from itself up.
pub(super) fn up<'a>(of: &'a BTreeMap<String, Record>, parent: &str, id: &'a str) -> Vec<&'a str> {
    let mut above = Vec::new();
    let mut at = id;
    while let Some(record) = of.get(at) {
        above.push(at);
        at = record.get(parent);
    }
    above
}

/// The organisation of a level that a record of a snapshot is in.
pub(super) fn level_2<'a>(snapshot: &'a Snapshot, organ: &'a str) -> Option<&'a str> {
    let chain = up(&snapshot["organ"], "parentId", organ);
    chain.len().checked_sub(2).map(|at| chain[at])
}

fn names(of: &BTreeMap<String, Record>, name: &str, chain: &[&str]) -> String {
    let names: Vec<&str> = chain.iter().rev().map(|id| of[*id].get(name)).collect();
    names.join("/")
}

/// Agents in an organisation and below it who fit.
pub(super) fn below(snapshot: &Snapshot, organ: &str, fits: impl Fn(&Record) -> bool) -> usize {
    let organs = &snapshot["organ"];
    let inside =
        |agent: &&Record| up(organs, "parentId", agent.get("workingOrganId")).contains(&organ);
    snapshot["agent"].values().filter(inside).filter(|agent| fits(agent)).count()
}

/// Agents in a team and below it who fit.
fn in_team(snapshot: &Snapshot, team: &str, fits: impl Fn(&Record) -> bool) -> usize {
    let nodes = &snapshot["node"];
    let inside =
        |agent: &&Record| up(nodes, "parentNodeId", agent.get("workingNodeId")).contains(&team);
    snapshot["agent"].values().filter(inside).filter(|agent| fits(agent)).count()
}

/// The paths in names of a team and of its organisation.
fn paths(snapshot: &Snapshot, team: &str) -> [String; 2] {
    let (nodes, organs) = (&snapshot["node"], &snapshot["organ"]);
    let organ = nodes[team].get("organId");
    [
        names(nodes, "nodeName", &up(nodes, "parentNodeId", team)),
        names(organs, "organName", &up(organs, "parentId", organ)),
    ]
}

pub(super) fn expected(history: &History, id: &str) -> Option<Expected> {
    let newest = history.newest();
    let organs = &newest["organ"];
    let nodes = &newest["node"];
    let branch = organs.iter().find(|(_, o)| o.get("organLevel") == "2").map(|(id, _)| id.clone());
    let rows = match id {
        "headcount-on-a-day" => {
            let (day, snapshot) = &history.days[5];
            let own =
                snapshot["organ"].iter().filter(|(id, o)| *id == "86" || o.get("parentId") == "86");
            let rows = own.map(|(id, o)| {
                let agents = below(snapshot, id, active).to_string();
                vec![id.clone(), o.get("organName").to_owned(), agents]
            });
            let rows = rows.filter(|row| row[2] != "0").collect();
            return Some((vec![("organ", "86".to_owned()), ("day", day.clone())], rows));
        }
        "headcount-over-time" => {
            let organ = branch?;
            let row = |(day, snapshot): &(String, Snapshot)| {
                let of = |channel: Option<&str>| {
                    let fits =
                        |a: &Record| active(a) && channel.is_none_or(|c| a.get("channel") == c);
                    below(snapshot, &organ, fits).to_string()
                };
                // Nobody is no row, so there is nothing to add up.
                let some =
                    |channel| Some(of(Some(channel))).filter(|n| n != "0").unwrap_or_default();
                vec![day.clone(), of(None), some("1"), some("2"), some("3")]
            };
            let rows = history.days.iter().map(row).collect();
            return Some((vec![("organ", organ)], rows));
        }
        "headcount-by-level" => {
            let mut rows: Vec<(String, Row)> = Vec::new();
            for (id, organ) in organs.iter().filter(|(_, o)| o.get("organLevel") <= "3") {
                let chain = up(organs, "parentId", id);
                let path =
                    chain.iter().rev().fold("/".to_owned(), |path, id| format!("{path}{id}/"));
                let level = organ.get("organLevel").to_owned();
                let counts = [below(newest, id, |_| true), below(newest, id, active)];
                let [all, at_work] = counts.map(|n| n.to_string());
                rows.push((
                    path,
                    vec![id.clone(), names(organs, "organName", &chain), level, all, at_work],
                ));
            }
            rows.sort();
            let rows = rows.into_iter().map(|(_, row)| row).collect();
            return Some((vec![("level", "3".to_owned())], rows));
        }
        "path-of-organisations" => {
            let mut rows: Vec<(String, Row)> = Vec::new();
            for (id, organ) in organs.iter().filter(|(_, o)| o.get("organName").contains("中心"))
            {
                let chain = up(organs, "parentId", id);
                let path =
                    chain.iter().rev().fold("/".to_owned(), |path, id| format!("{path}{id}/"));
                let level = organ.get("organLevel").to_owned();
                let row = vec![id.clone(), level, names(organs, "organName", &chain), path.clone()];
                rows.push((path, row));
            }
            rows.sort();
            let rows = rows.into_iter().map(|(_, row)| row).collect();
            return Some((vec![("word", "中心".to_owned())], rows));
        }
        "everyone-below" => {
            let organ = branch?;
            let mut rows = Vec::new();
            for (id, agent) in newest["agent"].iter().filter(|(_, agent)| active(agent)) {
                let chain = up(organs, "parentId", agent.get("workingOrganId"));
                if chain.contains(&organ.as_str()) {
                    let (name, grade) = (agent.get("agentName"), agent.get("agentGradeLevel"));
                    rows.push(vec![
                        id.clone(),
                        name.to_owned(),
                        grade.to_owned(),
                        names(organs, "organName", &chain),
                        agent.get("workingNodeName").to_owned(),
                    ]);
                }
            }
            return Some((vec![("organ", organ)], rows));
        }
        "span-of-control" => {
            let mut levels: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
            for (id, node) in nodes.iter().filter(|(_, node)| node.get("work") == "1") {
                let children =
                    nodes.values().filter(|other| other.get("parentNodeId") == id).count();
                let agents = in_team(newest, id, active);
                levels.entry(node.get("nodeLevel")).or_default().push((children, agents));
            }
            let row = |(level, teams): (&str, Vec<(usize, usize)>)| {
                let figures = |of: fn(&(usize, usize)) -> usize| {
                    let all: Vec<usize> = teams.iter().map(of).collect();
                    let average = all.iter().sum::<usize>() as f64 / all.len() as f64;
                    (number(average), all.iter().max().unwrap().to_string())
                };
                let ((below, most_below), (agents, most)) = (figures(|t| t.0), figures(|t| t.1));
                vec![level.to_owned(), teams.len().to_string(), below, most_below, agents, most]
            };
            levels.into_iter().map(row).collect()
        }
        "empty-teams" => {
            let open = nodes.iter().filter(|(_, node)| node.get("work") == "1");
            let empty = open.filter(|(id, _)| in_team(newest, id, active) == 0);
            let row = |(id, node): (&String, &Record)| {
                let [teams, organs] = paths(newest, id);
                let left = in_team(newest, id, |_| true).to_string();
                vec![id.clone(), node.get("nodeName").to_owned(), teams, organs, left]
            };
            empty.map(row).collect()
        }
        "teams-without-leader" => {
            let mut rows: Vec<(usize, Row)> = Vec::new();
            for (id, node) in nodes.iter().filter(|(_, node)| node.get("work") == "1") {
                let leader = node.get("agentId");
                let problem = match newest["agent"].get(leader) {
                    _ if leader.is_empty() => "no_leader",
                    None => "leader_missing",
                    Some(agent) if !active(agent) => "leader_left",
                    Some(_) => continue,
                };
                let agents = in_team(newest, id, active);
                let [_, organ] = paths(newest, id);
                let name = newest["agent"].get(leader).map_or("", |agent| agent.get("agentName"));
                let cells = [id.as_str(), problem, node.get("nodeName"), &organ, leader, name];
                let cells = cells.map(str::to_owned).to_vec();
                rows.push((agents, [cells, vec![agents.to_string()]].concat()));
            }
            rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            assert!(rows.iter().any(|(_, row)| row[1] == "leader_left"));
            rows.into_iter().map(|(_, row)| row).collect()
        }
        "teams-mentored" => {
            let chain = |id: &String| up(nodes, "mentoredByNodeId", id).len();
            let team = nodes.keys().max_by_key(|id| chain(id)).cloned()?;
            let team = up(nodes, "mentoredByNodeId", &team).last().copied()?.to_owned();
            let mut rows: Vec<(usize, Row)> = Vec::new();
            for (id, node) in nodes {
                let above = up(nodes, "mentoredByNodeId", id);
                if let Some(distance) = above.iter().position(|at| *at == team).filter(|n| *n > 0) {
                    let cells = ["nodeName", "mentoredByAgentId", "mentoredByDate", "work"];
                    let cells = cells.map(|field| node.get(field).to_owned()).to_vec();
                    rows.push((distance, [vec![distance.to_string(), id.clone()], cells].concat()));
                }
            }
            rows.sort();
            let rows = rows.into_iter().map(|(_, row)| row).collect();
            return Some((vec![("team", team)], rows));
        }
        _ => return None,
    };
    Some((Vec::new(), rows))
}
