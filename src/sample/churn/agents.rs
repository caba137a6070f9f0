//! What happens to agents: they leave and come back, move, are regraded and renamed, and get another recruiter.

use super::Churn;
use crate::sample::roster::State;
use crate::sample::seeded_rng::{RngStream, fraction};
use crate::sample::teams::NOBODY;

/// Share of a day's churn that happens to agents themselves.
const OWN: f64 = 0.7;

impl Churn<'_> {
    pub(super) fn change_agents(&mut self) {
        for agent in 0..self.roster.len() {
            let index = self.index(agent);
            let rng = self.roster.company.rng;
            if rng.chance(RngStream::ChurnHit, index, self.share * OWN) {
                let kind = fraction(rng.bits(RngStream::ChurnKind, index));
                self.change_agent(agent as u32, kind);
            }
        }
    }

    fn change_agent(&mut self, agent: u32, kind: f64) {
        let state = self.roster.state(agent);
        if let Some(left) = state.left {
            if kind < 0.25 && left < self.day {
                self.come_back(agent, state);
            } else {
                self.regrade(agent, state);
            }
            return;
        }
        if self.roster.is_leader(agent, &state) {
            self.regrade(agent, state);
            return;
        }
        match kind {
            ..0.2 => self.leave(agent),
            ..0.46 => match self.neighbour(state.team) {
                Some(team) => self.transfer(agent, team),
                None => self.regrade(agent, state),
            },
            ..0.5 => match self.team_elsewhere(state.team, true) {
                Some(team) => self.transfer(agent, team),
                None => self.regrade(agent, state),
            },
            ..0.53 => self.change_recruiter(agent, state),
            ..0.55 => {
                self.roster.change(agent, State { renamed: state.renamed + 1, ..state });
            }
            _ => self.regrade(agent, state),
        }
    }

    fn regrade(&mut self, agent: u32, state: State) {
        self.roster.change(agent, State { promotions: state.promotions.wrapping_add(1), ..state });
    }

    pub(super) fn leave(&mut self, agent: u32) {
        let state = self.roster.state(agent);
        self.roster.change(agent, State { left: Some(self.day), ..state });
    }

    /// Back to the former team, or, where that is closed, to the first one of its department.
    fn come_back(&mut self, agent: u32, state: State) {
        self.roster.change(agent, State { left: None, ..state });
        let own = &self.roster.company.teams.teams[state.team as usize];
        if !own.open {
            self.transfer(agent, own.department);
        }
    }

    pub(super) fn transfer(&mut self, agent: u32, team: u32) {
        let state = self.roster.state(agent);
        self.members[state.team as usize].retain(|member| *member != agent);
        self.members[team as usize].push(agent);
        self.roster.change(agent, State { team, ..state });
    }

    /// The leader of the team, or who founded it, if it is somebody who entered before.
    fn change_recruiter(&mut self, agent: u32, state: State) {
        let own = &self.roster.company.teams.teams[state.team as usize];
        let present = self.roster.recruiters[agent as usize];
        let fits = |who: &u32| *who != NOBODY && *who < agent && *who != present;
        match [own.leader, own.founder].into_iter().find(fits) {
            Some(recruiter) => self.roster.recruiters[agent as usize] = recruiter,
            None => self.regrade(agent, state),
        }
    }

    /// The next open team of the same department.
    fn neighbour(&self, team: u32) -> Option<u32> {
        let all = &self.roster.company.teams.teams;
        let siblings = self.departments.get(&all[team as usize].department)?;
        let at = siblings.iter().position(|sibling| *sibling == team)?;
        let others = siblings[at + 1..].iter().chain(&siblings[..at]);
        others.copied().find(|other| all[*other as usize].open)
    }

    /// An open team of the same channel, drawn among those of other organisations or among the other departments of
    /// the same one.
    pub(super) fn team_elsewhere(&self, team: u32, other_office: bool) -> Option<u32> {
        let all = &self.roster.company.teams;
        let (own, home) = (&all.teams[team as usize], all.node_of(team));
        let fits = |other: &u32| {
            let (at, node) = (&all.teams[*other as usize], all.node_of(*other));
            at.open
                && node.channel == home.channel
                && at.department != own.department
                && (node.office != home.office) == other_office
        };
        let drawn = (0..16_u64).map(|draw| {
            let index = self.index(team as usize) ^ (draw + 1) << 34;
            let rng = &self.roster.company.rng;
            // Teams of one organisation stand near one another, so these draws are from the neighbourhood.
            let reach = if other_office { all.teams.len() } else { all.teams.len().min(60) };
            let first = if other_office { 0 } else { (team as usize).saturating_sub(reach / 2) };
            let at = first + rng.below(RngStream::ChurnChoice, index, reach);
            at.min(all.teams.len() - 1) as u32
        });
        drawn.into_iter().find(fits)
    }
}
