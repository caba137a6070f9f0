//! Days on which the company changes: offices and their staff, then teams and their leaders, then agents, then those who
//! enter. Each day begins where the day before ended, and its own number is part of every draw.
//!
//! The share of the agents whose rows change is the churn: most of them by what happens to themselves, some by what
//! happens to their team or organisation, whose name and id their rows copy. All else is proportionate to its number.

mod agents;
mod offices;
mod staff;
mod teams;

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};

use super::roster::Roster;
use super::seeded_rng::RngStream;

/// Lets the days of the plan pass, and does something after each.
pub(super) fn pass(
    roster: &mut Roster,
    mut then: impl FnMut(&Roster, NaiveDate) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let plan = roster.company.plan;
    if plan.days == 0 {
        return Ok(());
    }
    let mut churn = Churn::new(roster);
    for n in 1..=u64::from(plan.days) {
        let day = plan.base.checked_add_days(Days::new(n)).unwrap_or(plan.base);
        churn.day(day);
        then(churn.roster, day)?;
    }
    Ok(())
}

struct Churn<'a> {
    roster: &'a mut Roster,
    /// The agents of each team, those who left included.
    members: Vec<Vec<u32>>,
    /// The teams of each department, by its first one.
    departments: BTreeMap<u32, Vec<u32>>,
    /// How many teams a department has had.
    opened: BTreeMap<u32, usize>,
    share: f64,
    day: NaiveDate,
}

impl<'a> Churn<'a> {
    fn new(roster: &'a mut Roster) -> Churn<'a> {
        let teams = &roster.company.teams.teams;
        let mut members = vec![Vec::new(); teams.len()];
        for (agent, home) in roster.homes.iter().enumerate() {
            members[*home as usize].push(agent as u32);
        }
        let mut departments: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (team, own) in teams.iter().enumerate() {
            departments.entry(own.department).or_default().push(team as u32);
        }
        let opened = departments.iter().map(|(first, teams)| (*first, teams.len())).collect();
        let (share, day) = (roster.company.plan.churn, roster.company.plan.base);
        Churn { roster, members, departments, opened, share, day }
    }

    fn day(&mut self, day: NaiveDate) {
        self.day = day;
        self.change_offices();
        self.change_staff();
        self.change_departments();
        self.change_teams();
        self.change_agents();
        let before = self.roster.len();
        self.roster.enter_of_day();
        for agent in before..self.roster.len() {
            self.members[self.roster.homes[agent] as usize].push(agent as u32);
        }
    }

    /// The coordinate of something on this day.
    fn index(&self, position: usize) -> u64 {
        (i64::from(self.day.num_days_from_ce()) as u64) << 40 | position as u64
    }

    /// A draw in units of the churn: below 0.1 for a tenth of the churn of all that are asked.
    fn turn(&self, of: RngStream, position: usize) -> f64 {
        self.roster.company.rng.share(of, self.index(position)) / self.share
    }

    /// One of several things for whatever happens at a position on this day.
    fn choose<T: Copy>(&self, position: usize, among: &[T]) -> Option<T> {
        let rng = &self.roster.company.rng;
        among.get(rng.below(RngStream::ChurnChoice, self.index(position), among.len())).copied()
    }
}
