//! The agents of the sample company, one after the other: team, recruiter, grade, entering and leaving.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::company::Company;
use super::entry_dates::{STRIDE, base_entry};
use super::row::Row;
use super::seeded_rng::RngStream;
use super::teams::NOBODY;

/// The id of the first agent; ten digits hold ten million agents and more.
const FIRST_AGENT: u64 = 1_000_000_001;
/// Share of a day's churn that are new agents; the rest are changes of those who are there.
const NEW: f64 = 0.25;
/// Grades by what an agent leads: nothing, a team, a department, a district.
const GRADES: [&[&str]; 4] = [
    &["A01", "A02", "A03", "A04"],
    &["B01", "B02", "B03"],
    &["C01", "C02", "C03"],
    &["D01", "D02"],
];

/// The agents of a company. Memory: eight bytes an agent, and what churn changed.
pub(super) struct Roster {
    pub(super) company: Company,
    /// Recruiter and first team of the agents so far.
    pub(super) recruiters: Vec<u32>,
    pub(super) homes: Vec<u32>,
    /// The agent who entered each team last.
    last: Vec<u32>,
    /// How many agents a day of churn brings.
    new_a_day: usize,
    /// Those whom churn changed.
    changed: HashMap<u32, State>,
}

/// What may change from day to day, besides the recruiter.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) left: Option<NaiveDate>,
    pub(super) team: u32,
    /// Steps by which the grade was moved.
    pub(super) promotions: u16,
    /// How often the name was changed.
    pub(super) renamed: u16,
}

impl Roster {
    /// The agents of a company on its base day.
    pub(super) fn new(company: Company) -> Roster {
        let plan = company.plan;
        let new_a_day = (plan.agents as f64 * plan.churn * NEW).round() as usize;
        let total = plan.agents + new_a_day * plan.days as usize;
        let mut roster = Roster {
            recruiters: Vec::with_capacity(total),
            homes: Vec::with_capacity(total),
            last: vec![NOBODY; company.teams.teams.len()],
            new_a_day,
            changed: HashMap::new(),
            company,
        };
        for _ in 0..plan.agents {
            roster.enter();
        }
        roster
    }

    /// Number of agents so far.
    pub(super) fn len(&self) -> usize {
        self.homes.len()
    }

    /// Adds the agents who enter on a day of churn.
    pub(super) fn enter_of_day(&mut self) {
        for _ in 0..self.new_a_day {
            self.enter();
        }
    }

    fn enter(&mut self) {
        let agent = self.homes.len();
        let home = self.home(agent);
        let recruiter = self.recruiter(agent, home);
        self.homes.push(home);
        self.recruiters.push(recruiter);
        // Teams that churn opened have no place yet.
        self.last.resize(self.company.teams.teams.len(), NOBODY);
        self.last[home as usize] = agent as u32;
    }

    /// What an agent is at present.
    pub(super) fn state(&self, agent: u32) -> State {
        self.changed.get(&agent).copied().unwrap_or_else(|| {
            let team = self.homes[agent as usize];
            let left = self.left_in_history(agent as usize, team);
            State { left, team, promotions: 0, renamed: 0 }
        })
    }

    /// Changes an agent.
    pub(super) fn change(&mut self, agent: u32, state: State) {
        self.changed.insert(agent, state);
    }

    /// Whether an agent leads a team at present; leaders work in the team that they lead.
    pub(super) fn is_leader(&self, agent: u32, state: &State) -> bool {
        self.company.teams.teams[state.team as usize].leader == agent
    }

    /// Makes an agent's row.
    pub(super) fn agent_row(&self, agent: usize, row: &mut Row) {
        let company = &self.company;
        let state = self.state(agent as u32);
        let node = company.teams.node_of(state.team);
        let office = &company.offices[node.office as usize];
        let entered = self.entered(agent);
        row.clear();
        row.int(id(agent));
        let gender = row.with(|out| self.name(agent, state.renamed, out));
        row.int(if state.left.is_some() { 2 } else { 1 });
        row.int(u64::from(gender));
        let recruiter = self.recruiters[agent];
        if recruiter == NOBODY {
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
        row.text(self.grade(agent, &state));
        row.text(&node.id);
        row.text(&node.name);
        row.text(&office.id);
        row.text(&office.name);
    }

    /// Writes an agent's name and returns the gender, which is that of the first name.
    fn name(&self, agent: usize, renamed: u16, out: &mut String) -> u8 {
        let Company { names, rng, .. } = &self.company;
        let before = out.len();
        let gender = names.write(rng, RngStream::AgentName, agent as u64, out);
        if renamed > 0 {
            out.truncate(before);
            names.write(rng, RngStream::AgentName, u64::from(renamed) << 40 | agent as u64, out);
        }
        gender
    }

    /// Makes the row of a node.
    pub(super) fn node_row(&self, position: usize, row: &mut Row) {
        let all = &self.company.teams;
        let node = &all.nodes[position];
        let team = &all.teams[node.first_team as usize];
        let lowest = node.level == 1;
        let parent = node.parent.map(|parent| &all.nodes[parent as usize]);
        let mentor = team.mentor.filter(|_| lowest);
        let office = &self.company.offices[node.office as usize];
        row.clear();
        row.text(&node.id);
        row.text(&node.name);
        row.int(u64::from(node.level));
        // The first team of a department always has a leader, who leads the nodes above too.
        if team.leader == NOBODY {
            row.text("");
        } else {
            row.int(id(team.leader as usize));
        }
        row.date(node.opened);
        match mentor {
            Some(mentor) => {
                row.text(&all.node_of(mentor).id);
                row.int(id(all.teams[mentor as usize].founder as usize));
                row.date(node.opened);
            }
            None => (0..3).for_each(|_| row.text("")),
        }
        row.text(parent.map_or("", |parent| &parent.id));
        row.text(parent.map_or("", |parent| &parent.name));
        row.text(&office.id);
        row.text(&office.name);
        row.int(u64::from(node.channel));
        row.int(if lowest && !team.open { 2 } else { 1 });
    }

    fn is_founder(&self, agent: usize) -> bool {
        agent.is_multiple_of(STRIDE) && agent / STRIDE < self.company.teams.by_rank.len()
    }

    /// The day on which an agent entered.
    pub(super) fn entered(&self, agent: usize) -> NaiveDate {
        let (plan, end) = (&self.company.plan, self.company.end);
        if agent < plan.agents {
            return base_entry(agent, plan.agents, end);
        }
        let day = 1 + (agent - plan.agents) / self.new_a_day.max(1);
        plan.base.checked_add_days(Days::new(day as u64)).unwrap_or(plan.base)
    }

    /// The team in which an agent starts.
    fn home(&self, agent: usize) -> u32 {
        let all = &self.company.teams;
        if self.is_founder(agent) {
            return all.by_rank[agent / STRIDE];
        }
        let founded = all.teams.len().min(agent / STRIDE + 1);
        let rank = self.company.rng.below(RngStream::AgentTeam, agent as u64, founded);
        // Teams that churn opened stand behind all others.
        let team = all.by_rank.get(rank).copied().unwrap_or(rank as u32);
        let own = &all.teams[team as usize];
        // Nobody enters a closed team; the first one of the department is never closed.
        let closed = match agent < self.company.plan.agents {
            true => self.closing(team).is_some_and(|closed| closed <= self.entered(agent)),
            false => !own.open,
        };
        if closed { own.department } else { team }
    }

    /// The day on which a team was closed before churn began.
    fn closing(&self, team: u32) -> Option<NaiveDate> {
        let company = &self.company;
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
        let company = &self.company;
        let teams = &company.teams.teams;
        let team = &teams[home as usize];
        let draw = company.rng.below(RngStream::AgentRecruiter, agent as u64, 100);
        let founder = team.founder;
        let chosen = if self.is_founder(agent) {
            match team.mentor {
                Some(mentor) => teams[mentor as usize].founder,
                None if team.department != home && draw < 50 => {
                    teams[team.department as usize].founder
                }
                None => NOBODY,
            }
        } else {
            let last = self.last.get(home as usize).copied().unwrap_or(NOBODY);
            match draw {
                0..42 => match self.recruiters.get(last as usize) {
                    Some(&above) if above != NOBODY && self.homes[above as usize] == home => above,
                    _ => founder,
                },
                42..75 => last,
                75..91 => founder,
                _ => NOBODY,
            }
        };
        // Who left recruits nobody any more; then it was the founder, unless he has left too.
        let day = self.entered(agent);
        [chosen, founder]
            .into_iter()
            .take(if chosen == NOBODY { 0 } else { 2 })
            .find(|&who| (who as usize) < agent && !self.gone(who, day))
            .unwrap_or(NOBODY)
    }

    fn gone(&self, agent: u32, day: NaiveDate) -> bool {
        self.state(agent).left.is_some_and(|left| left < day)
    }

    /// The day on which an agent left before churn began.
    fn left_in_history(&self, agent: usize, home: u32) -> Option<NaiveDate> {
        let company = &self.company;
        let leads = self.is_founder(agent) && !company.teams.teams[home as usize].vacant;
        if agent >= company.plan.agents || leads {
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

    fn grade(&self, agent: usize, state: &State) -> &'static str {
        let all = &self.company.teams;
        let team = state.team;
        let leads_of = |node: Option<u32>| {
            node.map(|node| &all.nodes[node as usize]).filter(|node| node.first_team == team)
        };
        let scale = if !self.is_leader(agent as u32, state) {
            0
        } else {
            match leads_of(all.node_of(team).parent) {
                None => 1,
                Some(department) if leads_of(department.parent).is_none() => 2,
                Some(_) => 3,
            }
        };
        let grades = GRADES[scale];
        let base = self.company.rng.below(RngStream::AgentGrade, agent as u64, grades.len());
        grades[(base + usize::from(state.promotions)) % grades.len()]
    }
}

fn id(agent: usize) -> u64 {
    FIRST_AGENT + agent as u64
}
