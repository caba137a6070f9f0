//! Whom a cause concerns: each agent and each organisation is counted once.

use std::collections::{BTreeMap, BTreeSet};

use crate::links::Links;
use crate::model::{Disposition, Feed, Finding};

use super::before::Gone;
use super::claims::Draft;
use super::places::{Places, Tree, places};
use super::unknown::UnknownKeys;

/// People and organisations concerned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reach {
    pub(super) people: u64,
    pub(super) organs: u64,
    /// The organisation below which all of it lies, where there is one below the head office: id and name.
    pub(super) organ: Option<(String, String)>,
    /// Whether all agents are concerned, as a file from which all hang cannot be read; how many may not be known.
    pub(super) everybody: bool,
    /// Whether there may be more people, as the run does not hold all findings.
    pub(super) at_least: bool,
}

/// Counts for one cause after the other; marks are numbers of causes, so that nothing is cleared in between.
pub(super) struct Counter<'p, 'd, 'a> {
    places: &'p Places<'d, 'a>,
    unknown: &'p UnknownKeys<'d>,
    /// The rows that hang from a quarantined line which is no row, by its feed and number.
    hanging: BTreeMap<(Feed, u32), Vec<(Feed, u32)>>,
    gone: &'p Gone<'p>,
    agents_before: Option<u64>,
    cause: u32,
    /// By row of the agents' file.
    agents: Vec<u32>,
    organs: Vec<u32>,
}

/// What a cause concerns, before it is counted.
#[derive(Default)]
struct Concerned {
    /// Rows of agents.
    agents: Vec<u32>,
    /// Lines of agents that are no rows.
    lines: BTreeSet<u64>,
    /// Organisations.
    organs: Vec<u32>,
    /// Teams and organisations with all below them.
    nodes_below: Vec<u32>,
    organs_below: Vec<u32>,
    /// Agents and organisations that the delivery does not hold, by key.
    absent: BTreeSet<String>,
    missing_organs: BTreeSet<String>,
    everybody: bool,
}

impl<'p, 'd, 'a> Counter<'p, 'd, 'a> {
    pub(super) fn new(
        (held, unknown, gone): (&'p Places<'d, 'a>, &'p UnknownKeys<'d>, &'p Gone<'p>),
        links: &Links<'_>,
        agents_before: Option<u64>,
    ) -> Counter<'p, 'd, 'a> {
        let mut hanging: BTreeMap<(Feed, u32), Vec<(Feed, u32)>> = BTreeMap::new();
        for link in links.iter().filter(|link| places(held.delivery.schema, link.reference)) {
            for (row, line) in link.presumed() {
                let to = (link.reference.target, *line);
                hanging.entry(to).or_default().push((link.reference.feed, *row));
            }
        }
        let agents = held.file(Feed::Agent).map_or(0, |file| file.parsed.table.len());
        let (agents, organs) = (vec![0; agents], vec![0; held.organs.len()]);
        let cause = 0;
        Counter { places: held, unknown, hanging, gone, agents_before, cause, agents, organs }
    }

    /// Whom a cause concerns.
    pub(super) fn reach(&mut self, draft: &Draft, findings: &[Finding]) -> Reach {
        let mut concerned = Concerned {
            absent: draft.absent.iter().cloned().collect(),
            missing_organs: draft.absent_organs.iter().cloned().collect(),
            ..Concerned::default()
        };
        for finding in &draft.findings {
            self.of_finding(&findings[*finding as usize], &mut concerned);
        }
        for (feed, row) in &draft.below {
            concerned.below(*feed, *row);
        }
        for (feed, line) in &draft.lines {
            self.at_line(*feed, u64::from(*line), false, &mut concerned);
        }
        self.count(concerned)
    }

    fn of_finding(&self, finding: &Finding, concerned: &mut Concerned) {
        if let Some(reference) = self.unknown.reference(finding) {
            let key = finding.key.as_deref().unwrap_or_default();
            if reference.target == Feed::Organ {
                concerned.missing_organs.insert(key.to_owned());
            }
            let hangs = places(self.places.delivery.schema, reference);
            for row in self.unknown.rows(self.places, finding) {
                self.at_row(finding.feed, row, hangs, concerned);
            }
            return;
        }
        if self.places.file(finding.feed).is_none() {
            concerned.everybody |= finding.feed != Feed::Principal;
            return;
        }
        if finding.feed == Feed::Agent && finding.lines.is_empty() {
            concerned.absent.extend(finding.key.clone());
        }
        // What is published as delivered does nothing to those below it, unless it moves with all of them.
        let moves = matches!(finding.code, "S804" | "S805");
        let falls_out =
            matches!(finding.disposition, Disposition::Quarantine | Disposition::Detach);
        for line in &finding.lines {
            self.at_line(finding.feed, *line, falls_out || moves, concerned);
        }
    }

    fn at_line(&self, feed: Feed, line: u64, and_below: bool, concerned: &mut Concerned) {
        match self.places.row(feed, line) {
            Some(row) => self.at_row(feed, row, and_below, concerned),
            None if feed == Feed::Agent => _ = concerned.lines.insert(line),
            None if and_below => {
                let key = u32::try_from(line).ok().map(|line| (feed, line));
                let hanging = key.and_then(|key| self.hanging.get(&key));
                for (feed, row) in hanging.into_iter().flatten() {
                    self.at_row(*feed, *row, true, concerned);
                }
            }
            None => {}
        }
    }

    fn at_row(&self, feed: Feed, row: u32, and_below: bool, concerned: &mut Concerned) {
        match feed {
            Feed::Agent => concerned.agents.push(row),
            Feed::Node | Feed::Organ if and_below => concerned.below(feed, row),
            Feed::Node | Feed::Organ | Feed::Principal => {
                concerned.organs.extend(self.places.organ(feed, row));
            }
        }
    }

    fn count(&mut self, concerned: Concerned) -> Reach {
        let Concerned { agents, lines, organs, nodes_below, organs_below, absent, .. } = concerned;
        let mut missing_organs = concerned.missing_organs;
        self.cause += 1;
        let places = self.places;
        if concerned.everybody {
            let agents = places.file(Feed::Agent);
            let here = agents.map(|_| places.accepted[Feed::Agent].order.len() as u64);
            let people = here.or(self.agents_before).unwrap_or_default();
            return Reach { people, everybody: true, ..Reach::default() };
        }
        let people = (absent.len() + lines.len()) as u64;
        let mut reach = Reach { people, ..Reach::default() };
        let mut found = Vec::new();
        for organ in absent.iter().filter_map(|key| self.gone.organ(places, Feed::Agent, key)) {
            match self.organ_row(organ) {
                Some(row) => self.organ(row, &mut found),
                None => _ = missing_organs.insert(organ.to_owned()),
            }
        }
        for agent in agents {
            self.agent(agent, &mut reach, &mut found);
        }
        for organ in organs {
            self.organ(organ, &mut found);
        }
        for organ in whole(&places.organs, organs_below) {
            self.organ(organ, &mut found);
            self.agents_of(Feed::Organ, organ, &mut reach, &mut found);
            for node in places.nodes_of(organ) {
                self.agents_of(Feed::Node, *node, &mut reach, &mut found);
            }
        }
        for node in whole(&places.nodes, nodes_below) {
            if let Some(organ) = places.organ(Feed::Node, node) {
                self.organ(organ, &mut found);
            }
            self.agents_of(Feed::Node, node, &mut reach, &mut found);
        }
        reach.organs = found.len() as u64 + missing_organs.len() as u64;
        found.extend(missing_organs.iter().filter_map(|key| self.organ_above(key)));
        let common = places.organs.common(found.into_iter());
        let below_top = common.filter(|organ| !places.is_head_office(*organ));
        reach.organ = below_top.and_then(|organ| places.named(Feed::Organ, organ));
        reach
    }

    fn organ_row(&self, key: &str) -> Option<u32> {
        self.places.file(Feed::Organ)?.find(key)
    }

    /// The lowest organisation of the delivery above one that is gone.
    fn organ_above(&self, key: &str) -> Option<u32> {
        let mut seen = BTreeSet::new();
        let mut at = key;
        while seen.insert(at) {
            at = self.gone.parent(self.places, Feed::Organ, at)?;
            if let Some(row) = self.organ_row(at) {
                return Some(row);
            }
        }
        None
    }

    fn agents_of(&mut self, feed: Feed, row: u32, reach: &mut Reach, found: &mut Vec<u32>) {
        let places = self.places;
        for agent in places.agents(feed, row) {
            self.agent(*agent, reach, found);
        }
    }

    fn agent(&mut self, agent: u32, reach: &mut Reach, found: &mut Vec<u32>) {
        if std::mem::replace(&mut self.agents[agent as usize], self.cause) == self.cause {
            return;
        }
        reach.people += 1;
        if let Some(organ) = self.places.organ(Feed::Agent, agent) {
            self.organ(organ, found);
        }
    }

    fn organ(&mut self, organ: u32, found: &mut Vec<u32>) {
        if std::mem::replace(&mut self.organs[organ as usize], self.cause) != self.cause {
            found.push(organ);
        }
    }
}

impl Concerned {
    fn below(&mut self, feed: Feed, row: u32) {
        match feed {
            Feed::Node => self.nodes_below.push(row),
            Feed::Organ => self.organs_below.push(row),
            Feed::Agent | Feed::Principal => {}
        }
    }
}

/// These rows and all below them, each once: however they lie below one another, every subtree is walked once.
fn whole(tree: &Tree, mut tops: Vec<u32>) -> Vec<u32> {
    tops.sort_unstable_by_key(|top| tree.range(*top).start);
    let mut all = Vec::new();
    let mut walked = 0;
    for top in tops {
        if tree.range(top).start >= walked {
            all.extend_from_slice(tree.subtree(top));
            walked = tree.range(top).end;
        }
    }
    all
}
