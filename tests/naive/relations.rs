//! The rules that compare records of one delivery: X, N, T and B.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Read, Record, whole};

/// Rule, feed, field, target.
const REFERENCES: [(&str, &str, &str, &str); 12] = [
    ("X401", "organ", "parentId", "organ"),
    ("X402", "organ", "leaderId", "principal"),
    ("X403", "principal", "organId", "organ"),
    ("X404", "node", "parentNodeId", "node"),
    ("X405", "node", "organId", "organ"),
    ("X406", "node", "agentId", "agent"),
    ("X407", "node", "mentoredByNodeId", "node"),
    ("X408", "node", "mentoredByAgentId", "agent"),
    ("X409", "agent", "recommendByAgentId", "agent"),
    ("X410", "agent", "recommendByNodeId", "node"),
    ("X411", "agent", "workingNodeId", "node"),
    ("X412", "agent", "workingOrganId", "organ"),
];
/// Feed, copy, via, target, original.
const COPIES: [(&str, &str, &str, &str, &str); 7] = [
    ("organ", "parentOrganName", "parentId", "organ", "organName"),
    ("organ", "leaderName", "leaderId", "principal", "principalName"),
    ("principal", "organName", "organId", "organ", "organName"),
    ("node", "parentNodeName", "parentNodeId", "node", "nodeName"),
    ("node", "organName", "organId", "organ", "organName"),
    ("agent", "workingNodeName", "workingNodeId", "node", "nodeName"),
    ("agent", "workingOrganName", "workingOrganId", "organ", "organName"),
];
const FORESTS: [(&str, &str); 4] = [
    ("organ", "parentId"),
    ("node", "parentNodeId"),
    ("node", "mentoredByNodeId"),
    ("agent", "recommendByAgentId"),
];

/// What these rules find among the accepted rows.
pub(super) fn check(read: &Read) -> BTreeSet<Finding> {
    let Read { keys, accepted, .. } = read;
    let mut found: BTreeSet<Finding> = BTreeSet::new();
    let mut add = |code: &str, feed: &str, mut lines: Vec<u64>, key: Option<&str>| {
        lines.sort_unstable();
        found.insert((code.to_owned(), feed.to_owned(), lines, key.map(str::to_owned)));
    };
    let row = |feed: &str, key: &str| accepted[feed].get(key);
    for (code, feed, field, target) in REFERENCES {
        let mut missing: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for record in accepted[feed].values() {
            let key = record.get(field);
            if !key.is_empty() && !keys[target].contains(key) {
                missing.entry(key).or_default().push(record.line);
            }
        }
        for (key, lines) in missing {
            add(code, feed, lines, Some(key));
        }
    }
    for (feed, copy, via, target, original) in COPIES {
        for (key, record) in &accepted[feed] {
            let differs = |t: &Record| t.get(original) != record.get(copy);
            if !record.get(copy).is_empty() && row(target, record.get(via)).is_some_and(differs) {
                add("N501", feed, vec![record.line], Some(key));
            }
        }
    }
    let mut cyclic: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (feed, parent) in FORESTS {
        for start in accepted[feed].keys() {
            let mut members = vec![start.as_str()];
            let mut at = row(feed, start).map_or("", |r| r.get(parent));
            // Only the smallest member of a cycle reports it; a walk that leaves it is another's.
            while let Some(above) = row(feed, at) {
                if at == start {
                    let lines = members.iter().map(|m| accepted[feed][*m].line).collect();
                    add("T601", feed, lines, Some(start));
                    cyclic.extend(members.iter().map(|m| (feed, parent, *m)));
                    break;
                }
                if at < start.as_str() || members.contains(&at) {
                    break;
                }
                members.push(accepted[feed].get_key_value(at).map_or("", |(k, _)| k.as_str()));
                at = above.get(parent);
            }
        }
    }
    let parent_of = |feed: &'static str, field: &'static str, key: &str| {
        let record = row(feed, key)?;
        let looped = cyclic.contains(&(feed, field, key));
        if looped { None } else { row(feed, record.get(field)) }
    };
    let int = |r: &Record, field: &str| whole(r.get(field)).parse::<i64>().unwrap_or(0);
    let mut tops: Vec<_> =
        accepted["organ"].iter().filter(|(_, r)| r.get("parentId").is_empty()).collect();
    tops.sort_by_key(|(_, top)| top.line);
    if tops.is_empty() {
        add("T603", "organ", Vec::new(), None);
    }
    if tops.len() > 1 {
        add("T602", "organ", tops.iter().map(|t| t.1.line).collect(), Some(tops[0].0));
    }
    for (key, top) in tops.iter().filter(|(_, r)| int(r, "organLevel") != 1) {
        add("T605", "organ", vec![top.line], Some(key));
    }
    for (key, organ) in &accepted["organ"] {
        let parent = parent_of("organ", "parentId", key);
        if parent.is_some_and(|p| int(p, "organLevel") + 1 != int(organ, "organLevel")) {
            add("T604", "organ", vec![organ.line], Some(key));
        }
        let leader = row("principal", organ.get("leaderId"));
        if leader.is_some_and(|p| int(p, "principalStatus") == 2) {
            add("B712", "organ", vec![organ.line], Some(key));
        }
    }
    let parents = |feed: &str, field: &str| -> BTreeSet<&str> {
        accepted[feed].values().map(|r| r.get(field)).collect()
    };
    let (upper_organs, upper_nodes) =
        (parents("organ", "parentId"), parents("node", "parentNodeId"));
    let is_upper = |organ: &str| keys["organ"].contains(organ) && upper_organs.contains(organ);
    let above = |feed: &'static str, field: &'static str, key: &str| -> Vec<String> {
        let mut chain = vec![key.to_owned()];
        while let Some(parent) = parent_of(feed, field, &chain[chain.len() - 1]) {
            chain.push(parent.get("id").to_owned());
        }
        chain
    };
    for (key, node) in &accepted["node"] {
        let at = vec![node.line];
        if let Some(parent) = parent_of("node", "parentNodeId", key) {
            if int(parent, "nodeLevel") - 1 != int(node, "nodeLevel") {
                add("T604", "node", at.clone(), Some(key));
            }
            let (own, theirs) = (node.get("organId"), parent.get("organId"));
            let related = above("organ", "parentId", own).iter().any(|o| o == theirs)
                || above("organ", "parentId", theirs).iter().any(|o| o == own);
            let known = row("organ", own).is_some() && row("organ", theirs).is_some();
            if known && !related {
                add("T607", "node", at.clone(), Some(key));
            }
            if parent.get("channel") != node.get("channel") {
                add("T608", "node", at.clone(), Some(key));
            }
            if int(node, "work") == 1 && int(parent, "work") == 2 {
                add("T609", "node", at.clone(), Some(key));
            }
        }
        if int(node, "nodeLevel") > 1 && !upper_nodes.contains(key.as_str()) {
            add("T606", "node", at.clone(), Some(key));
        }
        let mentor = ["mentoredByNodeId", "mentoredByAgentId", "mentoredByDate"];
        let filled = mentor.iter().filter(|f| !node.get(f).is_empty()).count();
        if filled % 3 != 0 {
            add("B706", "node", at.clone(), Some(key));
        }
        if is_upper(node.get("organId")) {
            add("B710", "node", at.clone(), Some(key));
        }
        if let Some(leader) = row("agent", node.get("agentId")) {
            if int(leader, "agentStatus") == 2 {
                add("B712", "node", at.clone(), Some(key));
            }
            let works_in = leader.get("workingNodeId");
            let known = row("node", works_in).is_some();
            if known && !above("node", "parentNodeId", works_in).contains(key) {
                add("B713", "node", at, Some(key));
            }
        }
    }
    for (key, agent) in &accepted["agent"] {
        let mut fires = |code: &str, when: bool| {
            if when {
                add(code, "agent", vec![agent.line], Some(key));
            }
        };
        let (status, left) = (int(agent, "agentStatus"), agent.date("leaveCompanyDate"));
        let entered = agent.date("enterCompanyDate");
        fires("B701", status == 2 && left.is_none());
        fires("B702", status == 1 && left.is_some());
        fires("B703", left.is_some() && left < entered);
        let recruited = agent.date("recommendDate");
        fires("B704", recruited.is_some() && recruited != entered);
        let (by, from) = (agent.get("recommendByAgentId"), agent.get("recommendByNodeId"));
        fires("B705", by.is_empty() != from.is_empty());
        let recruiter = row("agent", by);
        fires("B707", recruiter.is_some_and(|r| entered < r.date("enterCompanyDate")));
        if let Some(node) = row("node", agent.get("workingNodeId")) {
            fires("B708", int(node, "nodeLevel") != 1);
            let (own, theirs) = (agent.get("workingOrganId"), node.get("organId"));
            let known = row("organ", own).is_some() && row("organ", theirs).is_some();
            fires("B709", known && own != theirs);
            fires("B711", status == 1 && int(node, "work") == 2);
            fires("B714", node.get("channel") != agent.get("channel"));
        }
        fires("B710", is_upper(agent.get("workingOrganId")));
    }
    found
}
