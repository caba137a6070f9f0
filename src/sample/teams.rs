//! The field side of the sample company: districts, departments and teams (区部组) of each organisation.

use chrono::NaiveDate;

use super::entry_dates::STRIDE;
use super::places::{QUARTERS, TEAM_WORDS, numeral};
use super::seeded_rng::{RngStream, SeededRng};

/// No agent.
pub(super) const NOBODY: u32 = u32::MAX;

/// A node (外勤区部组) of any level.
#[derive(Debug)]
pub(super) struct Node {
    /// The organisation's id, then two digits each for district, department and team.
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    /// 3 区, 2 部, 1 组.
    pub(super) level: u8,
    /// Position of the parent node; none for a district.
    pub(super) parent: Option<u32>,
    /// Position of the organisation.
    pub(super) office: u32,
    /// The first team below (or itself): its leader leads this node too.
    pub(super) first_team: u32,
    /// 1, 2 or 3; one a district.
    pub(super) channel: u8,
    /// Set once the teams have dates: the day on which the first team below was opened.
    pub(super) opened: NaiveDate,
}

/// A team of the lowest level (组), as its agents see it.
#[derive(Debug)]
pub(super) struct Team {
    /// Position of its node.
    pub(super) node: u32,
    /// Position of the first team of its department.
    pub(super) department: u32,
    /// The team out of which it was raised (育成).
    pub(super) mentor: Option<u32>,
    /// Whether nobody leads it on the base day.
    pub(super) vacant: bool,
    /// Whether it is closed (停业) on the base day.
    pub(super) closed: bool,
    /// Who founded it.
    pub(super) founder: u32,
    /// Who leads it at present.
    pub(super) leader: u32,
    /// Whether it is open at present.
    pub(super) open: bool,
}

/// All nodes of the base day in order of their ids, parents before children, then those that churn opened; and the teams
/// among them.
#[derive(Debug)]
pub(super) struct Teams {
    pub(super) nodes: Vec<Node>,
    pub(super) teams: Vec<Team>,
    /// Positions of the teams of the base day in the order in which they were founded.
    pub(super) by_rank: Vec<u32>,
}

/// Spreads `count` teams over the organisations (`(position, id)` of the lowest level), at least one each.
pub(super) fn lay_out(rng: &SeededRng, offices: &[(usize, &str)], count: usize) -> Teams {
    let weight = |i: usize| 0.4 + 1.4 * rng.share(RngStream::OrganWeight, i as u64);
    let total: f64 = (0..offices.len()).map(weight).sum();
    let spare = count.saturating_sub(offices.len());
    let mut sizes: Vec<usize> =
        (0..offices.len()).map(|i| 1 + (spare as f64 * weight(i) / total) as usize).collect();
    // Rounding down leaves less than one an organisation.
    let left = count.saturating_sub(sizes.iter().sum());
    sizes.iter_mut().take(left).for_each(|size| *size += 1);

    let mut all = Teams { nodes: Vec::new(), teams: Vec::new(), by_rank: Vec::new() };
    let mut order = Vec::with_capacity(count);
    for ((office, id), size) in offices.iter().zip(sizes) {
        let first = all.teams.len();
        all.fill(rng, *office, id, size);
        all.mentor(rng, first);
        order.extend((first..all.teams.len()).map(|team| (team - first, team)));
    }
    // The first team of every organisation, then the second ones: the company grows everywhere at once.
    order.sort_unstable();
    for (rank, (_, team)) in order.into_iter().enumerate() {
        let own = &mut all.teams[team];
        own.founder = (rank * STRIDE) as u32;
        own.leader = if own.vacant { NOBODY } else { own.founder };
        all.by_rank.push(team as u32);
    }
    all
}

impl Teams {
    /// Adds the districts, departments and teams of one organisation.
    fn fill(&mut self, rng: &SeededRng, office: usize, office_id: &str, size: usize) {
        let mut left = size;
        let mut district = 0;
        while left > 0 {
            district += 1;
            let district_node = self.nodes.len();
            let departments = 2 + rng.below(RngStream::DistrictSize, district_node as u64, 3);
            let channel = match rng.below(RngStream::DistrictChannel, district_node as u64, 100) {
                0..80 => 1,
                80..93 => 2,
                _ => 3,
            };
            let quarter = QUARTERS[district_node % QUARTERS.len()];
            let mut node = Node {
                id: format!("{office_id}{district:02}0000").into(),
                name: format!("{quarter}第{}营业区", numeral(district)).into(),
                level: 3,
                parent: None,
                office: office as u32,
                first_team: self.teams.len() as u32,
                channel,
                opened: NaiveDate::MIN,
            };
            self.nodes.push(node);
            for department in 1..=departments {
                if left == 0 {
                    break;
                }
                let department_node = self.nodes.len();
                let draw = rng.below(RngStream::DepartmentSize, department_node as u64, 4);
                let size = left.min(3 + draw);
                left -= size;
                let at = rng.below(RngStream::TeamWord, department_node as u64, TEAM_WORDS.len());
                let word = TEAM_WORDS[at];
                let first_team = self.teams.len();
                node = Node {
                    id: format!("{office_id}{district:02}{department:02}00").into(),
                    name: format!("{word}营业部").into(),
                    level: 2,
                    parent: Some(district_node as u32),
                    office: office as u32,
                    first_team: first_team as u32,
                    channel,
                    opened: NaiveDate::MIN,
                };
                self.nodes.push(node);
                for n in 1..=size {
                    let position = self.teams.len();
                    let first = n == 1;
                    let closed = !first && rng.chance(RngStream::TeamClosed, position as u64, 0.03);
                    let vacant = !first && rng.chance(RngStream::TeamVacant, position as u64, 0.04);
                    self.teams.push(Team {
                        node: self.nodes.len() as u32,
                        department: first_team as u32,
                        mentor: None,
                        vacant: vacant || closed,
                        closed,
                        founder: NOBODY,
                        leader: NOBODY,
                        open: !closed,
                    });
                    node = Node {
                        id: format!("{office_id}{district:02}{department:02}{n:02}").into(),
                        name: format!("{word}{}组", numeral(n)).into(),
                        level: 1,
                        parent: Some(department_node as u32),
                        office: office as u32,
                        first_team: position as u32,
                        channel,
                        opened: NaiveDate::MIN,
                    };
                    self.nodes.push(node);
                }
            }
        }
    }

    /// Chooses the mentoring team for the teams from `first` on, which are those of one organisation: one
    /// founded before, of the same channel.
    fn mentor(&mut self, rng: &SeededRng, first: usize) {
        let channel = |all: &Teams, team: usize| all.nodes[all.teams[team].node as usize].channel;
        for team in first + 1..self.teams.len() {
            let draw = rng.below(RngStream::TeamMentor, team as u64, (team - first) * 3 / 2);
            let mentor = first + draw;
            if mentor < team && channel(self, mentor) == channel(self, team) {
                self.teams[team].mentor = Some(mentor as u32);
            }
        }
    }

    /// The node of a team.
    pub(super) fn node_of(&self, team: u32) -> &Node {
        &self.nodes[self.teams[team as usize].node as usize]
    }

    /// Sets `opened` of every node from the days on which the teams were opened.
    pub(super) fn open(&mut self, opened: impl Fn(u32) -> NaiveDate) {
        // Children stand after their parents, so from the back every node is complete when it is read.
        for i in (0..self.nodes.len()).rev() {
            if self.nodes[i].level == 1 {
                self.nodes[i].opened = opened(self.nodes[i].first_team);
            }
            if let Some(parent) = self.nodes[i].parent {
                let (own, above) = (self.nodes[i].opened, &mut self.nodes[parent as usize].opened);
                // Not set yet is the earliest date there is.
                if *above == NaiveDate::MIN || own < *above {
                    *above = own;
                }
            }
        }
    }
}
