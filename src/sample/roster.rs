//! The agents of the sample company, one after the other: team, recruiter, grade, entering and leaving.

use chrono::{Datelike, Days, NaiveDate};

use super::company::Company;
use super::entry_dates::{STRIDE, base_entry};
use super::row::Row;
use super::seeded_rng::{RngStream, fraction};

/// The id of the first agent; ten digits hold ten million agents and more.
const FIRST_AGENT: u64 = 1_000_000_001;
/// No agent.
const NONE: u32 = u32::MAX;
/// Share of a day's churn that changes existing agents; the rest are new ones.
const CHANGED: f64 = 0.75;
/// Grades by what an agent leads: nothing, a team, a department, a district.
const GRADES: [&[&str]; 4] = [
    &["A01", "A02", "A03", "A04"],
    &["B01", "B02", "B03"],
    &["C01", "C02", "C03"],
    &["D01", "D02"],
];

/// The roster while it is written. Memory: eight bytes an agent.
pub(super) struct Roster<'a> {
    company: &'a Company,
    /// Recruiter and base team of the agents so far.
    recruiters: Vec<u32>,
    homes: Vec<u32>,
    /// The agent who entered each team last.
    last: Vec<u32>,
    /// Agents in all, and how many new ones a day of churn brings.
    total: usize,
    new_a_day: usize,
}

/// What may change from day to day.
struct State {
    left: Option<NaiveDate>,
    team: u32,
    /// Steps by which churn moved the grade.
    promotions: usize,
}

impl<'a> Roster<'a> {
    /// The roster of a company, before its first agent is written.
    pub(super) fn new(company: &'a Company) -> Roster<'a> {
        let plan = &company.plan;
        let new_a_day = (plan.agents as f64 * plan.churn * (1.0 - CHANGED)).round() as usize;
        let total = plan.agents + new_a_day * plan.days as usize;
        Roster {
            company,
            recruiters: Vec::with_capacity(total),
            homes: Vec::with_capacity(total),
            last: vec![NONE; company.teams.teams.len()],
            total,
            new_a_day,
        }
    }

    /// Makes the next agent's row; false when all are written.
    pub(super) fn agent_row(&mut self, row: &mut Row) -> bool {
        let agent = self.homes.len();
        if agent >= self.total {
            return false;
        }
        let company = self.company;
        let home = self.home(agent);
        let recruiter = self.recruiter(agent, home);
        self.homes.push(home);
        self.recruiters.push(recruiter);
        self.last[home as usize] = agent as u32;

        let state = self.state(agent, home);
        let node = company.teams.node_of(state.team);
        let office = &company.offices[node.office as usize];
        let entered = self.entered(agent);
        row.clear();
        row.int(id(agent));
        let gender = row
            .with(|out| company.names.write(&company.rng, RngStream::AgentName, agent as u64, out));
        row.int(if state.left.is_some() { 2 } else { 1 });
        row.int(u64::from(gender));
        if recruiter == NONE {
            row.text("");
            row.text("");
            row.text("");
        } else {
            row.int(id(recruiter as usize));
            row.text(&company.teams.node_of(self.homes[recruiter as usize]).id);
            row.date(entered);
        }
        row.date(entered);
        match state.left {
            Some(left) => row.date(left),
            None => row.text(""),
        }
        row.int(u64::from(node.channel));
        row.text(self.grade(agent, home, state.promotions));
        row.text(&node.id);
        row.text(&node.name);
        row.text(&office.id);
        row.text(&office.name);
        true
    }

    /// Makes the row of a node.
    pub(super) fn node_row(&self, position: usize, row: &mut Row) {
        let all = &self.company.teams;
        let node = &all.nodes[position];
        let team = &all.teams[node.first_team as usize];
        let lowest = node.level == 1;
        // The first team of a department is never vacant, so the nodes above always have a leader.
        let vacant = lowest && team.vacant;
        let parent = node.parent.map(|parent| &all.nodes[parent as usize]);
        let mentor = team.mentor.filter(|_| lowest);
        let office = &self.company.offices[node.office as usize];
        row.clear();
        row.text(&node.id);
        row.text(&node.name);
        row.int(u64::from(node.level));
        if vacant {
            row.text("");
        } else {
            row.int(id(self.founder(node.first_team)));
        }
        row.date(node.opened);
        match mentor {
            Some(mentor) => {
                row.text(&all.node_of(mentor).id);
                row.int(id(self.founder(mentor)));
                row.date(node.opened);
            }
            None => (0..3).for_each(|_| row.text("")),
        }
        row.text(parent.map_or("", |parent| &parent.id));
        row.text(parent.map_or("", |parent| &parent.name));
        row.text(&office.id);
        row.text(&office.name);
        row.int(u64::from(node.channel));
        row.int(if lowest && team.closed { 2 } else { 1 });
    }

    fn founder(&self, team: u32) -> usize {
        self.company.teams.teams[team as usize].rank as usize * STRIDE
    }

    fn is_founder(&self, agent: usize) -> bool {
        agent.is_multiple_of(STRIDE) && agent / STRIDE < self.last.len()
    }

    fn entered(&self, agent: usize) -> NaiveDate {
        let (base, end) = (self.company.plan.agents, self.company.end);
        if agent < base {
            return base_entry(agent, base, end);
        }
        self.churn_day(1 + (agent - base) / self.new_a_day.max(1))
    }

    /// The n-th day of churn, from 1.
    fn churn_day(&self, n: usize) -> NaiveDate {
        let base = self.company.plan.base;
        base.checked_add_days(Days::new(n as u64)).unwrap_or(base)
    }

    /// The team in which an agent started.
    fn home(&self, agent: usize) -> u32 {
        let all = &self.company.teams;
        if self.is_founder(agent) {
            return all.by_rank[agent / STRIDE];
        }
        let founded = all.by_rank.len().min(agent / STRIDE + 1);
        let rank = self.company.rng.below(RngStream::AgentTeam, agent as u64, founded);
        let team = all.by_rank[rank];
        match self.closing(team) {
            // Nobody enters a closed team; the first one of the department is never closed.
            Some(closed) if closed <= self.entered(agent) => all.teams[team as usize].department,
            _ => team,
        }
    }

    fn closing(&self, team: u32) -> Option<NaiveDate> {
        let company = self.company;
        if !company.teams.teams[team as usize].closed {
            return None;
        }
        let ago = company.rng.below(RngStream::TeamAge, u64::from(team) | 1 << 40, 400) as u64;
        company.end.checked_sub_days(Days::new(ago))
    }

    /// Chooses the recruiter among those who entered before: mostly somebody of the own team, for the
    /// founder of a team the founder of the team that raised it. The choice follows the last recruit to his
    /// recruiter often enough that a few recruit many, and stays with him often enough to make long chains.
    fn recruiter(&self, agent: usize, home: u32) -> u32 {
        let company = self.company;
        let team = &company.teams.teams[home as usize];
        let draw = company.rng.below(RngStream::AgentRecruiter, agent as u64, 100);
        let founder = self.founder(home) as u32;
        let chosen = if self.is_founder(agent) {
            match team.mentor {
                Some(mentor) => self.founder(mentor) as u32,
                None if team.department != home && draw < 50 => {
                    self.founder(team.department) as u32
                }
                None => NONE,
            }
        } else {
            let last = self.last[home as usize];
            match draw {
                0..42 => match self.recruiters.get(last as usize) {
                    Some(&above) if above != NONE && self.homes[above as usize] == home => above,
                    _ => founder,
                },
                42..75 => last,
                75..91 => founder,
                _ => NONE,
            }
        };
        // Who left recruits nobody any more; then it was the founder, unless he has left too.
        let day = self.entered(agent);
        [chosen, founder]
            .into_iter()
            .take(if chosen == NONE { 0 } else { 2 })
            .find(|&who| (who as usize) < agent && !self.gone(who as usize, day))
            .unwrap_or(NONE)
    }

    fn gone(&self, agent: usize, day: NaiveDate) -> bool {
        self.left_in_history(agent, self.homes[agent]).is_some_and(|left| left < day)
    }

    fn leads(&self, agent: usize, home: u32) -> bool {
        self.is_founder(agent) && !self.company.teams.teams[home as usize].vacant
    }

    /// The day on which an agent left before churn began.
    fn left_in_history(&self, agent: usize, home: u32) -> Option<NaiveDate> {
        let company = self.company;
        if agent >= company.plan.agents || self.leads(agent, home) {
            return None;
        }
        let entered = self.entered(agent);
        let share = company.rng.share(RngStream::AgentTenure, agent as u64);
        if let Some(closed) = self.closing(home) {
            let before = Days::new((share * 200.0) as u64);
            return Some(closed.checked_sub_days(before).unwrap_or(closed).max(entered));
        }
        if !company.rng.chance(RngStream::AgentLeft, agent as u64, 0.27) {
            return None;
        }
        // Most leave within the first two years.
        let days = Days::new(15 + (share * share * 1_600.0) as u64);
        let left = entered.checked_add_days(days).filter(|left| *left <= company.end);
        Some(left.unwrap_or_else(|| {
            let stayed = (company.end - entered).num_days().max(0);
            let days = Days::new((share * stayed as f64) as u64);
            entered.checked_add_days(days).unwrap_or(entered)
        }))
    }

    /// What an agent is on the last day of churn.
    fn state(&self, agent: usize, home: u32) -> State {
        let company = self.company;
        let left = self.left_in_history(agent, home);
        let mut state = State { left, team: home, promotions: 0 };
        let (entered, fixed) = (self.entered(agent), self.leads(agent, home));
        for n in 1..=company.plan.days as usize {
            let day = self.churn_day(n);
            // The day's own number is part of the draw, so a day changes the same agents whenever the
            // churn began.
            let index = (i64::from(day.num_days_from_ce()) as u64) << 40 | agent as u64;
            if entered >= day
                || !company.rng.chance(RngStream::ChurnHit, index, company.plan.churn * CHANGED)
            {
                continue;
            }
            let kind = fraction(company.rng.bits(RngStream::ChurnKind, index));
            let movable = !fixed && state.left.is_none();
            if movable && kind < 0.2 {
                state.left = Some(day);
            } else if let Some(team) = self.neighbour(state.team).filter(|_| movable && kind < 0.5)
            {
                state.team = team;
            } else {
                state.promotions += 1;
            }
        }
        state
    }

    /// The next open team of the same department.
    fn neighbour(&self, team: u32) -> Option<u32> {
        let own = &self.company.teams.teams[team as usize];
        let (first, count) = (own.department, u32::from(own.siblings));
        (1..count)
            .map(|step| first + (team - first + step) % count)
            .find(|&other| !self.company.teams.teams[other as usize].closed)
    }

    fn grade(&self, agent: usize, home: u32, promotions: usize) -> &'static str {
        let all = &self.company.teams;
        let leads_of = |node: Option<u32>| {
            node.map(|node| &all.nodes[node as usize]).filter(|node| node.first_team == home)
        };
        let scale = if !self.leads(agent, home) {
            0
        } else {
            match leads_of(all.node_of(home).parent) {
                None => 1,
                Some(department) if leads_of(department.parent).is_none() => 2,
                Some(_) => 3,
            }
        };
        let grades = GRADES[scale];
        let base = self.company.rng.below(RngStream::AgentGrade, agent as u64, grades.len());
        grades[(base + promotions) % grades.len()]
    }
}

fn id(agent: usize) -> u64 {
    FIRST_AGENT + agent as u64
}
