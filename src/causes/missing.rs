//! Records that are not there: missing from their file, and all that hangs from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Feed, Finding};
use crate::trees::WORKING_NODE;

use super::claims::Claims;
use super::event::{Event, Missing};
use super::known::{Known, is_plain};

/// Agents of an organisation of whom none is left, at least, for that to be an event of its own.
const WHOLE_TEAM: u64 = 10;

/// Records that belong to one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// What hangs from one missing organisation.
    Organ(String),
    /// Records of a feed in one branch; all of them where it is not known.
    Branch(Feed, Option<u32>),
    /// All agents of an organisation.
    Emptied(u32),
}

#[derive(Default)]
struct Members {
    findings: Vec<u32>,
    /// Missing keys, with the feed that lacks them.
    keys: BTreeSet<(Feed, String)>,
}

/// Claims the findings about keys that the delivery lacks, and about agents who are gone with their organisation.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let mut groups: BTreeMap<Group, Members> = BTreeMap::new();
    let mut roots = Roots::new(claims, known);
    for (at, finding) in claims.free() {
        let Some((feed, key)) = known.unknown.missing(finding) else { continue };
        let group = roots.group(feed, key, finding);
        let members = groups.entry(group).or_default();
        members.findings.push(at);
        members.keys.insert((feed, key.to_owned()));
    }
    let vanished: Vec<(u32, &Finding)> =
        claims.free().filter(|(_, finding)| finding.code == "S801").collect();
    let emptied = roots.emptied(&vanished);
    for (at, finding) in vanished {
        let Some(key) = finding.key.as_deref() else { continue };
        let Some(group) = roots.group_of_vanished(key, &emptied) else { continue };
        let members = groups.entry(group).or_default();
        members.findings.push(at);
        members.keys.insert((Feed::Agent, key.to_owned()));
    }
    // Without the head office there is no top.
    let topless = claims.free().filter(|(_, finding)| finding.code == "T603").map(|(at, _)| at);
    let topless: Vec<u32> = topless.collect();
    if let Some(members) = groups.iter_mut().find(|(group, _)| matches!(group, Group::Organ(_))) {
        members.1.findings.extend(topless);
    }
    for (group, Members { findings, keys }) in groups {
        let event = event(&group, &keys, claims.findings, &findings, known);
        claims.claim(Event::Missing(event), findings);
    }
}

fn event(
    group: &Group,
    keys: &BTreeSet<(Feed, String)>,
    findings: &[Finding],
    members: &[u32],
    known: &Known<'_, '_, '_>,
) -> Missing {
    let feed = match group {
        Group::Organ(_) => Feed::Organ,
        Group::Branch(feed, _) => *feed,
        Group::Emptied(_) => Feed::Agent,
    };
    let own: Vec<&str> =
        keys.iter().filter(|(other, _)| *other == feed).map(|(_, key)| key.as_str()).collect();
    let key = match group {
        Group::Organ(root) => root.as_str(),
        _ => own.iter().find(|key| is_plain(key)).or(own.first()).copied().unwrap_or_default(),
    };
    let about = |finding: &&Finding| known.unknown.missing(finding) == Some((feed, key));
    let mut of_group = members.iter().filter_map(|at| findings.get(*at as usize));
    let named_by = of_group.clone().find(about).or_else(|| of_group.find(|f| f.line.is_some()));
    let organ = match group {
        Group::Organ(_) => None,
        Group::Branch(_, branch) => *branch,
        Group::Emptied(organ) => Some(*organ),
    };
    let single = matches!(group, Group::Organ(_)) || own.len() == 1;
    let copied = || known.unknown.copied_name(known.places, named_by?);
    let name = known.gone.name(known.places, feed, key).map(str::to_owned).or_else(copied);
    Missing {
        feed,
        records: (own.len() as u64).max(1),
        key: Some(key.to_owned()).filter(|key| is_plain(key)),
        // People are not named.
        name: name.filter(|_| single && matches!(feed, Feed::Organ | Feed::Node)),
        quarantined: None,
        had_before: known.gone.has(feed, key),
        organ: organ.and_then(|organ| known.places.named(Feed::Organ, organ)),
        named_at: named_by.and_then(|finding| Some((finding.feed, finding.line?))),
    }
}

/// From which missing record others hang.
struct Roots<'r, 'k, 'd, 'a> {
    known: &'r Known<'k, 'd, 'a>,
    /// Missing organisations that other organisations name as theirs above.
    above: BTreeSet<&'r str>,
    /// The topmost missing organisation above each.
    tops: HashMap<String, String>,
}

impl<'r, 'k, 'd, 'a> Roots<'r, 'k, 'd, 'a> {
    fn new(claims: &Claims<'r>, known: &'r Known<'k, 'd, 'a>) -> Roots<'r, 'k, 'd, 'a> {
        let names_parent = |finding: &Finding| {
            let reference = known.unknown.reference(finding);
            reference.is_some_and(|r| r.feed == Feed::Organ && r.target == Feed::Organ)
        };
        let above = claims.free().filter(|(_, finding)| names_parent(finding));
        let above = above.filter_map(|(_, finding)| finding.key.as_deref()).collect();
        Roots { known, above, tops: HashMap::new() }
    }

    fn is_missing(&self, feed: Feed, key: &str) -> bool {
        self.known.places.file(feed).is_some_and(|file| file.find(key).is_none())
    }

    fn row(&self, feed: Feed, key: &str) -> Option<u32> {
        let file = self.known.places.file(feed)?;
        file.find(key)
    }

    /// The event that a missing key belongs to.
    fn group(&mut self, feed: Feed, key: &str, finding: &Finding) -> Group {
        match feed {
            Feed::Organ => self.group_of_organ(key),
            Feed::Node => {
                let known = self.known;
                let had = known.gone.organ(known.places, Feed::Node, key);
                let organ = had.or_else(|| known.unknown.organ_named_beside(known.places, finding));
                match organ {
                    Some(organ) if self.is_missing(Feed::Organ, organ) => {
                        self.group_of_organ(organ)
                    }
                    organ => {
                        let organ = organ.and_then(|organ| self.row(Feed::Organ, organ));
                        Group::Branch(feed, organ.map(|organ| self.known.places.branch(organ)))
                    }
                }
            }
            Feed::Agent | Feed::Principal => Group::Branch(feed, None),
        }
    }

    fn group_of_organ(&mut self, key: &str) -> Group {
        let top = self.top(key);
        let known = self.known;
        let parent = known.gone.parent(known.places, Feed::Organ, &top);
        let parent = parent.and_then(|parent| self.row(Feed::Organ, parent));
        let is_branch = parent.is_some_and(|parent| known.places.is_head_office(parent));
        if is_branch || top != key || self.above.contains(top.as_str()) {
            return Group::Organ(top);
        }
        Group::Branch(Feed::Organ, parent.map(|parent| known.places.branch(parent)))
    }

    /// The topmost organisation above one that is missing too.
    fn top(&mut self, key: &str) -> String {
        let mut way: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut at = key.to_owned();
        let top = loop {
            if let Some(top) = self.tops.get(&at) {
                break top.clone();
            }
            way.push(at.clone());
            let parent = self.known.gone.parent(self.known.places, Feed::Organ, &at);
            match parent.filter(|parent| self.is_missing(Feed::Organ, parent)) {
                Some(parent) if seen.insert(at.clone()) && !seen.contains(parent) => {
                    at = parent.to_owned();
                }
                _ => break at,
            }
        };
        for key in way {
            self.tops.insert(key, top.clone());
        }
        top
    }

    /// The event that an agent who is gone belongs to, if it is more than that one.
    fn group_of_vanished(&mut self, key: &str, emptied: &BTreeMap<u32, u32>) -> Option<Group> {
        let known = self.known;
        let organ = known.gone.organ(known.places, Feed::Agent, key)?;
        let Some(row) = self.row(Feed::Organ, organ) else {
            return Some(self.group_of_organ(organ));
        };
        if let Some(whole) = emptied.get(&row) {
            return Some(Group::Emptied(*whole));
        }
        let node = known.gone.cell(Feed::Agent, key, WORKING_NODE)?;
        let branch = Some(known.places.branch(row));
        self.is_missing(Feed::Node, node).then_some(Group::Branch(Feed::Node, branch))
    }

    /// The organisations of which no agent is left, each with the topmost one above it of which that is true.
    fn emptied(&self, vanished: &[(u32, &Finding)]) -> BTreeMap<u32, u32> {
        let places = self.known.places;
        let tree = &places.organs;
        let (mut here, mut gone) = (vec![0; tree.len()], vec![0; tree.len()]);
        for organ in 0..tree.len() as u32 {
            here[organ as usize] = places.agents(Feed::Organ, organ).len() as u64;
        }
        let mut touched = BTreeSet::new();
        for (_, finding) in vanished {
            let Some(key) = finding.key.as_deref() else { continue };
            let organ = self.known.gone.organ(places, Feed::Agent, key);
            if let Some(row) = organ.and_then(|organ| self.row(Feed::Organ, organ)) {
                gone[row as usize] += 1;
                touched.insert(row);
            }
        }
        if touched.is_empty() {
            return BTreeMap::new();
        }
        let (here, gone) = (tree.sums(&here), tree.sums(&gone));
        // A parent comes before its children.
        let mut topmost: Vec<Option<u32>> = vec![None; tree.len()];
        for row in tree.order() {
            let above = tree.parent(*row).and_then(|parent| topmost[parent as usize]);
            let empty = here[*row as usize] == 0 && gone[*row as usize] >= WHOLE_TEAM;
            topmost[*row as usize] = above.or(empty.then_some(*row));
        }
        touched.into_iter().filter_map(|row| Some((row, topmost[row as usize]?))).collect()
    }
}
