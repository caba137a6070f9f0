//! The sample company as a whole, and its rows feed by feed in order of their keys.

use chrono::{Days, NaiveDate};

use crate::model::Feed;

use super::entry_dates::base_entry;
use super::names::Names;
use super::offices::{self, Office, StaffMember};
use super::row::Row;
use super::seeded_rng::{RngStream, SeededRng};
use super::teams::{self, Teams};

/// The day on which the company's own history ends, unless it is asked for as of an earlier day. It is
/// fixed, so that the company of a seed is the same on every later day, but for what churn changes.
const HISTORY_END: NaiveDate = match NaiveDate::from_ymd_opt(2024, 11, 22) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
/// The day on which the company was founded.
pub(super) const FOUNDED: NaiveDate = match NaiveDate::from_ymd_opt(1996, 8, 22) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
/// Agents a team on average, those who left included.
const AGENTS_PER_TEAM: usize = 16;
/// Teams an organisation of the lowest level on average.
const TEAMS_PER_OFFICE: usize = 25;

/// What a company is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Agents on the base day.
    pub(super) agents: usize,
    /// The base day; churn starts on the day after.
    pub(super) base: NaiveDate,
    /// Days of churn.
    pub(super) days: u32,
    /// Share of the agents that changes on each of them.
    pub(super) churn: f64,
}

/// Where rows go.
pub(super) trait Sink {
    /// Takes the next row of a feed. Feeds come one after the other, rows in order of their keys.
    fn row(&mut self, feed: Feed, row: &Row) -> anyhow::Result<()>;
}

/// The company: offices and teams; its agents are made while they are written.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) rng: SeededRng,
    pub(super) names: Names,
    pub(super) plan: Plan,
    /// The last day of the history before churn.
    pub(super) end: NaiveDate,
    pub(super) offices: Vec<Office>,
    /// In order of their numbers.
    pub(super) staff: Vec<StaffMember>,
    pub(super) teams: Teams,
}

impl Company {
    /// Lays out the company of a seed.
    pub(super) fn new(seed: u64, plan: Plan, names: Names) -> Company {
        let rng = SeededRng::new(seed);
        let teams = (plan.agents / AGENTS_PER_TEAM).max(1);
        let mut offices = offices::lay_out(&rng, (teams / TEAMS_PER_OFFICE).max(1));
        let lowest: Vec<(usize, &str)> = offices
            .iter()
            .enumerate()
            .filter(|(_, office)| office.level == 4)
            .map(|(i, office)| (i, office.id.as_str()))
            .collect();
        let mut teams = teams::lay_out(&rng, &lowest, teams);
        let end = HISTORY_END.min(plan.base);

        let entered = |agent: usize| base_entry(agent, plan.agents, end);
        let founders: Vec<u32> = teams.teams.iter().map(|team| team.founder).collect();
        teams.open(|team| {
            let founder = entered(founders[team as usize] as usize);
            let age = 60 + rng.below(RngStream::TeamAge, u64::from(team), 500) as u64;
            founder.checked_add_days(Days::new(age)).unwrap_or(end).min(end)
        });
        let mut opened: Vec<Option<NaiveDate>> = vec![None; offices.len()];
        for node in &teams.nodes {
            let first = &mut opened[node.office as usize];
            *first = Some(first.map_or(node.opened, |known| known.min(node.opened)));
        }
        offices::found(&rng, &mut offices, &opened, FOUNDED);
        let staff = offices::hire(&rng, &mut offices, plan.agents as u64);
        Company { rng, names, plan, end, offices, staff, teams }
    }

    pub(super) fn office_row(&self, office: &Office, row: &mut Row) {
        let parent = office.parent.map(|parent| &self.offices[parent]);
        row.clear();
        row.text(&office.id);
        row.text(&office.name);
        row.text(parent.map_or("", |parent| &parent.id));
        row.text(parent.map_or("", |parent| &parent.name));
        row.int(u64::from(office.level));
        row.date(office.founded);
        row.int(offices::staff_id(office.leader));
        row.with(|out| self.names.write(&self.rng, RngStream::StaffName, office.leader, out));
    }

    pub(super) fn staff_row(&self, position: u64, row: &mut Row) {
        let member = &self.staff[position as usize];
        let office = &self.offices[member.office];
        let channel =
            self.rng.below(RngStream::StaffChannel, position, 10).saturating_sub(7) as u64;
        row.clear();
        row.int(1 + channel.min(2));
        row.int(offices::staff_id(position));
        let gender =
            row.with(|out| self.names.write(&self.rng, RngStream::StaffName, position, out));
        row.int(if member.left { 2 } else { 1 });
        row.text(&office.id);
        row.text(&office.name);
        row.int(u64::from(gender));
    }
}
