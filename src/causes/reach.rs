//! Whom a cause concerns: each agent and each organisation is counted once.

use std::collections::{BTreeMap, BTreeSet};

use crate::links::Links;
use crate::model::{Disposition, Feed, Finding};

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
}

/// Counts for one cause after the other; marks are numbers of causes, so that nothing is cleared in between.
pub(super) struct Counter<'p, 'd, 'a> {
    places: &'p Places<'d, 'a>,
    unknown: &'p UnknownKeys<'d>,
    /// The rows that hang from a quarantined line which is no row, by its feed and number.
    hanging: BTreeMap<(Feed, u32), Vec<(Feed, u32)>>,
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
    /// Agents and organisations that the delivery does not hold.
    absent: u64,
    missing_organs: BTreeSet<String>,
}

impl<'p, 'd, 'a> Counter<'p, 'd, 'a> {
    pub(super) fn new(
        held: &'p Places<'d, 'a>,
        unknown: &'p UnknownKeys<'d>,
        links: &Links<'_>,
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
        Counter { places: held, unknown, hanging, cause: 0, agents, organs }
    }

    /// Whom a cause concerns.
    pub(super) fn reach(&mut self, draft: &Draft, findings: &[Finding]) -> Reach {
        let mut concerned = Concerned { absent: draft.absent, ..Concerned::default() };
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
        if finding.feed == Feed::Agent && finding.lines.is_empty() && finding.key.is_some() {
            concerned.absent += 1;
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
        let Concerned { agents, lines, organs, nodes_below, organs_below, .. } = concerned;
        self.cause += 1;
        let places = self.places;
        let people = concerned.absent + lines.len() as u64;
        let mut reach = Reach { people, ..Reach::default() };
        let mut found = Vec::new();
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
        reach.organs = found.len() as u64 + concerned.missing_organs.len() as u64;
        let common = places.organs.common(found.into_iter());
        let below_top = common.filter(|organ| !places.is_head_office(*organ));
        reach.organ = below_top.and_then(|organ| places.named(Feed::Organ, organ));
        reach
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
