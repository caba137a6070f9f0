//! What happens to teams: other leaders, other departments and organisations, other names; teams open and close.

use super::Churn;
use crate::sample::places::{TEAM_WORDS, numeral};
use crate::sample::seeded_rng::RngStream;
use crate::sample::teams::{NOBODY, Node, Team};

/// Agents who go along with the founder of a team.
const FOLLOWERS: usize = 3;
/// Teams of a department at most: two digits of the id.
const MAX_IN_DEPARTMENT: usize = 99;

impl Churn<'_> {
    pub(super) fn change_teams(&mut self) {
        // Those that are opened today stay as they are today.
        for team in 0..self.roster.company.teams.teams.len() as u32 {
            let turn = self.turn(RngStream::TeamChurn, team as usize);
            let own = &self.roster.company.teams.teams[team as usize];
            // The leader of the first team leads the department too: such a team never moves nor closes.
            let first = own.department == team;
            match turn {
                // The draws for most teams.
                1.0.. => {}
                ..0.2 if !own.open => self.team(team).open = true,
                ..0.9 if own.open && own.leader == NOBODY => self.change_leader(team),
                _ if !own.open || own.leader == NOBODY => {}
                ..0.1 => self.change_leader(team),
                ..0.12 if !first => self.team(team).leader = NOBODY,
                ..0.14 if !first => self.close(team),
                ..0.16 => self.open_beside(team),
                ..0.175 => self.rename(team),
                ..0.215 if !first => self.move_team(team, false),
                ..0.225 if !first => self.move_team(team, true),
                _ => {}
            }
        }
    }

    fn team(&mut self, team: u32) -> &mut Team {
        &mut self.roster.company.teams.teams[team as usize]
    }

    /// The members at work who do not lead the team.
    fn followers(&self, team: u32) -> Vec<u32> {
        let leader = self.roster.company.teams.teams[team as usize].leader;
        let members = self.members[team as usize].iter().copied();
        members.filter(|who| *who != leader && self.roster.state(*who).left.is_none()).collect()
    }

    /// A member takes the lead; the former leader leaves as often as not.
    fn change_leader(&mut self, team: u32) {
        let Some(leader) = self.choose(team as usize, &self.followers(team)) else { return };
        let former = std::mem::replace(&mut self.team(team).leader, leader);
        if former != NOBODY && (former + leader).is_multiple_of(2) {
            self.leave(former);
        }
    }

    /// Those at work go over to the first team of the department.
    fn close(&mut self, team: u32) {
        let own = self.team(team);
        own.open = false;
        own.leader = NOBODY;
        let first = own.department;
        for agent in self.followers(team) {
            self.transfer(agent, first);
        }
    }

    /// A member of a team founds one of the same department.
    fn open_beside(&mut self, team: u32) {
        let followers = self.followers(team);
        let Some(founder) = self.choose(team as usize, &followers) else { return };
        let all = &mut self.roster.company.teams;
        let department = all.teams[team as usize].department;
        let Some(position) = all.node_of(department).parent else { return };
        let Some(count) = self.opened.get_mut(&department) else { return };
        if *count >= MAX_IN_DEPARTMENT {
            return;
        }
        *count += 1;
        let above = &all.nodes[position as usize];
        let number = all.teams.len() as u32;
        let stem = above.id.strip_suffix("00").unwrap_or(&above.id);
        let word = above.name.strip_suffix("营业部").unwrap_or(&above.name);
        let node = Node {
            id: format!("{stem}{count:02}").into(),
            name: format!("{word}{}组", numeral(*count)).into(),
            level: 1,
            parent: Some(position),
            office: above.office,
            first_team: number,
            channel: above.channel,
            opened: self.day,
        };
        all.teams.push(Team {
            node: all.nodes.len() as u32,
            department,
            mentor: Some(team),
            vacant: false,
            closed: false,
            founder,
            leader: founder,
            open: true,
        });
        all.nodes.push(node);
        self.members.push(Vec::new());
        self.departments.entry(department).or_default().push(number);
        self.transfer(founder, number);
        // Half of those who are left go along at most.
        let along = followers.iter().filter(|who| **who != founder);
        for agent in along.take(FOLLOWERS.min(followers.len() / 2)) {
            self.transfer(*agent, number);
        }
    }

    fn rename(&mut self, team: u32) {
        let Some(word) = self.choose(team as usize, TEAM_WORDS) else { return };
        let all = &mut self.roster.company.teams;
        let node = &mut all.nodes[all.teams[team as usize].node as usize];
        // The numeral stays, so that teams of a department keep different names.
        let stays = node.name.char_indices().nth(2).map_or("", |(at, _)| &node.name[at..]);
        let renamed = format!("{word}{stays}");
        if *renamed != *node.name {
            node.name = renamed.into();
        }
    }

    /// Puts a team under another department, of the same organisation or of another one.
    fn move_team(&mut self, team: u32, other_office: bool) {
        let Some(beside) = self.team_elsewhere(team, other_office) else { return };
        let all = &mut self.roster.company.teams;
        let to = all.teams[beside as usize].department;
        let (parent, office) = (all.node_of(beside).parent, all.node_of(beside).office);
        let from = std::mem::replace(&mut all.teams[team as usize].department, to);
        let node = &mut all.nodes[all.teams[team as usize].node as usize];
        node.parent = parent;
        node.office = office;
        if let Some(siblings) = self.departments.get_mut(&from) {
            siblings.retain(|sibling| *sibling != team);
        }
        self.departments.entry(to).or_default().push(team);
    }

    /// Departments go over to another district of their organisation.
    pub(super) fn change_departments(&mut self) {
        let firsts: Vec<u32> = self.departments.keys().copied().collect();
        for first in firsts {
            if self.turn(RngStream::DepartmentChurn, first as usize) >= 0.03 {
                continue;
            }
            let Some(beside) = self.team_elsewhere(first, false) else { continue };
            let all = &mut self.roster.company.teams;
            let above = |team: u32| all.node_of(team).parent;
            let (Some(own), Some(other)) = (above(first), above(beside)) else { continue };
            let to = all.nodes[other as usize].parent;
            let district = all.nodes[own as usize].parent;
            // The leader of a district's first team leads the district too.
            let leads = district.is_none_or(|at| all.nodes[at as usize].first_team == first);
            if !leads && to.is_some() {
                all.nodes[own as usize].parent = to;
            }
        }
    }
}
