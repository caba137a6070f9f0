//! Records that are not there: missing from their file, and all that hangs from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Feed, Finding, PerFeed};
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
    /// Agents that are gone without a finding.
    absent: Vec<String>,
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
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (at, finding) in claims.free().filter(|(_, finding)| finding.code == "S801") {
        let Some(key) = finding.key.as_deref() else { continue };
        told.insert(key);
        let Some(group) = roots.group_of_vanished(key) else { continue };
        let members = groups.entry(group).or_default();
        members.findings.push(at);
        members.keys.insert((Feed::Agent, key.to_owned()));
    }
    let was_told = !told.is_empty();
    for key in roots.agents().filter(|key| known.is_refused() && !told.contains(key)) {
        let scattered = known.lacking[Feed::Agent] && !was_told;
        let scattered = scattered.then_some(Group::Branch(Feed::Agent, None));
        let Some(group) = roots.group_of_vanished(key).or(scattered) else { continue };
        let members = groups.entry(group).or_default();
        members.absent.push(key.to_owned());
        members.keys.insert((Feed::Agent, key.to_owned()));
    }
    for feed in [Feed::Organ, Feed::Node, Feed::Principal] {
        let explained = claims.drafts.iter().any(|draft| draft.event.place().0 == feed);
        if explained || !known.lacking[feed] || known.cut_off[feed].is_some() {
            continue;
        }
        // Records whose loss nothing else tells.
        let told: BTreeSet<&str> = {
            let of_groups = groups.values().flat_map(|members| &members.keys);
            let of_groups = of_groups.filter(|(of, _)| *of == feed).map(|(_, key)| key.as_str());
            let told = |root: &String| groups.contains_key(&Group::Organ(root.clone()));
            let below = roots.below.iter().filter(|(root, _)| told(root));
            let below = below.flat_map(|(_, below)| below[feed].iter().copied());
            of_groups.chain(below).collect()
        };
        let left: Vec<(Feed, String)> = known
            .gone
            .keys(feed)
            .filter(|key| !told.contains(key))
            .map(|key| (feed, key.to_owned()))
            .collect();
        if !left.is_empty() {
            groups.entry(Group::Branch(feed, None)).or_default().keys.extend(left);
        }
    }
    // Without the head office there is no top.
    let topless = claims.free().filter(|(_, finding)| finding.code == "T603").map(|(at, _)| at);
    let topless: Vec<u32> = topless.collect();
    if let Some(members) = groups.iter_mut().find(|(group, _)| matches!(group, Group::Organ(_))) {
        members.1.findings.extend(topless);
    }
    for (group, mut members) in groups {
        let below = match &group {
            Group::Organ(root) => roots.below.get(root).cloned().unwrap_or_default(),
            _ => PerFeed::default(),
        };
        let organs = below[Feed::Organ].iter().map(|key| (Feed::Organ, (*key).to_owned()));
        members.keys.extend(organs);
        let event = event(&group, &members, &below, (claims.findings, known));
        let draft = match members.findings.is_empty() {
            true => claims.note(Event::Missing(event)),
            false => claims.claim(Event::Missing(event), members.findings),
        };
        if let Some(draft) = draft {
            draft.absent = members.absent;
            draft.absent_organs = below[Feed::Organ].iter().map(|key| (*key).to_owned()).collect();
        }
    }
}

fn event(
    group: &Group,
    Members { findings: members, keys, .. }: &Members,
    below: &PerFeed<Vec<&str>>,
    (findings, known): (&[Finding], &Known<'_, '_, '_>),
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
    let named_by = of_group.find(about);
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
        below: PerFeed::from_fn(|feed| below[feed].len() as u64),
    }
}

/// From which missing record others hang.
struct Roots<'r, 'k, 'd, 'a> {
    known: &'r Known<'k, 'd, 'a>,
    /// Missing organisations that other organisations name as theirs above.
    above: BTreeSet<&'r str>,
    /// The topmost missing organisation above each.
    tops: HashMap<String, String>,
    /// What is gone with a missing organisation that is topmost.
    below: BTreeMap<String, PerFeed<Vec<&'k str>>>,
    /// The organisations of which no agent is left, each with the topmost one above it of which that is true.
    emptied: BTreeMap<u32, u32>,
}

impl<'r, 'k, 'd, 'a> Roots<'r, 'k, 'd, 'a> {
    fn new(claims: &Claims<'r>, known: &'r Known<'k, 'd, 'a>) -> Roots<'r, 'k, 'd, 'a> {
        let names_parent = |finding: &Finding| {
            let reference = known.unknown.reference(finding);
            reference.is_some_and(|r| r.feed == Feed::Organ && r.target == Feed::Organ)
        };
        let above = claims.free().filter(|(_, finding)| names_parent(finding));
        let above = above.filter_map(|(_, finding)| finding.key.as_deref()).collect();
        let (tops, below, emptied) = Default::default();
        let mut roots = Roots { known, above, tops, below, emptied };
        for feed in Feed::ALL.into_iter().filter(|feed| known.cut_off[*feed].is_none()) {
            for key in known.gone.keys(feed) {
                let organ = match feed {
                    Feed::Organ => Some(key),
                    feed => known.gone.organ(known.places, feed, key),
                };
                let Some(organ) = organ.filter(|o| roots.is_missing(Feed::Organ, o)) else {
                    continue;
                };
                let top = roots.top(organ);
                roots.below.entry(top).or_default()[feed].push(key);
            }
        }
        roots.emptied = roots.emptied();
        roots
    }

    /// The agents that are gone, where not because the end of their file is.
    fn agents(&self) -> impl Iterator<Item = &'k str> + use<'k> {
        let cut_off = self.known.cut_off[Feed::Agent].is_some();
        let keys = self.known.gone.keys(Feed::Agent).collect::<Vec<&str>>();
        keys.into_iter().filter(move |_| !cut_off)
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
            Feed::Agent => match self.group_of_vanished(key) {
                Some(group @ (Group::Organ(_) | Group::Emptied(_))) => group,
                _ => Group::Branch(feed, None),
            },
            Feed::Principal => Group::Branch(feed, None),
        }
    }

    fn group_of_organ(&mut self, key: &str) -> Group {
        let top = self.top(key);
        let known = self.known;
        let parent = known.gone.parent(known.places, Feed::Organ, &top);
        let parent = parent.and_then(|parent| self.row(Feed::Organ, parent));
        let is_branch = parent.is_some_and(|parent| known.places.is_head_office(parent));
        let below = self.below.get(&top);
        let has_below = below.is_some_and(|below| {
            Feed::ALL.into_iter().any(|feed| feed != Feed::Organ && !below[feed].is_empty())
        });
        if is_branch || has_below || top != key || self.above.contains(top.as_str()) {
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
    fn group_of_vanished(&mut self, key: &str) -> Option<Group> {
        let known = self.known;
        let organ = known.gone.organ(known.places, Feed::Agent, key)?;
        let Some(row) = self.row(Feed::Organ, organ) else {
            return Some(self.group_of_organ(organ));
        };
        if let Some(whole) = self.emptied.get(&row) {
            return Some(Group::Emptied(*whole));
        }
        let node = known.gone.cell(Feed::Agent, key, WORKING_NODE)?;
        let branch = Some(known.places.branch(row));
        self.is_missing(Feed::Node, node).then_some(Group::Branch(Feed::Node, branch))
    }

    /// The organisations of which no agent is left, each with the topmost one above it of which that is true.
    fn emptied(&self) -> BTreeMap<u32, u32> {
        let places = self.known.places;
        let tree = &places.organs;
        let (mut here, mut gone) = (vec![0; tree.len()], vec![0; tree.len()]);
        for organ in 0..tree.len() as u32 {
            here[organ as usize] = places.agents(Feed::Organ, organ).len() as u64;
        }
        let mut touched = BTreeSet::new();
        for key in self.agents() {
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
