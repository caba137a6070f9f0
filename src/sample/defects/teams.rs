//! Defects of field teams. Each is on a new team without agents.

use anyhow::Context;

use crate::model::Feed;

use super::agents::{NO_OFFICE, NO_TEAM, NOBODY};
use super::{At, DefectInjector};

impl DefectInjector<'_> {
    /// All defects of teams.
    pub(super) fn all_teams(&mut self) -> anyhow::Result<()> {
        self.bad_cells()?;
        self.bad_references()?;
        self.bad_forests()?;
        self.bad_places()?;
        self.bad_leaders()
    }

    fn bad_cells(&mut self) -> anyhow::Result<()> {
        let cells = [
            ("V201", "nodeName", " ", "only a space in a required cell"),
            ("V202", "nodeLevel", "一", "a Chinese numeral"),
            ("V203", "nodeCreateDate", "2023-04-31", "the thirty-first of April"),
            ("V204", "work", "3", "no such mark"),
            ("B706", "mentoredByDate", "2020-01-06", "a day of mentoring, but no mentor"),
        ];
        for (code, field, cell, note) in cells {
            let team = self.team()?;
            self.set(team, &[(field, cell)])?;
            self.note(code, team, field, note);
        }
        let team = self.team()?;
        let other = if self.cell(team, "channel")? == "1" { "3" } else { "1" };
        self.set(team, &[("channel", other)])?;
        self.note("T608", team, "channel", "another channel than the department's");
        Ok(())
    }

    fn bad_references(&mut self) -> anyhow::Result<()> {
        let cells = [
            ("X404", "parentNodeId", NO_TEAM, "a department that does not exist"),
            ("X405", "organId", NO_OFFICE, "an organisation that does not exist"),
            ("X406", "agentId", NOBODY, "a leader whom nobody knows"),
        ];
        for (code, field, missing, note) in cells {
            let team = self.team()?;
            self.set(team, &[(field, missing)])?;
            self.note_all(code, &[team], Some(missing.to_owned()), Some(field), note);
        }
        let mentors = [
            ("X407", "mentoredByNodeId", NO_TEAM, "a mentoring team that does not exist"),
            ("X408", "mentoredByAgentId", NOBODY, "a mentor whom nobody knows"),
        ];
        for (code, field, missing, note) in mentors {
            let team = self.team()?;
            let mentor = self.key(self.department(self.teams_added)?.1);
            self.mentor(team, &mentor)?;
            self.set(team, &[(field, missing)])?;
            self.note_all(code, &[team], Some(missing.to_owned()), Some(field), note);
        }
        Ok(())
    }

    fn bad_forests(&mut self) -> anyhow::Result<()> {
        let team = self.team()?;
        let (own, name) = (self.key(team), self.cell(team, "nodeName")?);
        self.set(team, &[("parentNodeId", &own), ("parentNodeName", &name)])?;
        self.note("T601", team, "parentNodeId", "a team that is its own department");

        let pair = self.pair()?;
        for (team, above) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let (id, name) = (self.key(above), self.cell(above, "nodeName")?);
            self.set(team, &[("parentNodeId", &id), ("parentNodeName", &name)])?;
        }
        let (key, field) = (Some(self.key(pair[0])), Some("parentNodeId"));
        self.note_all("T601", &pair, key, field, "two teams, each above the other");

        let team = self.team()?;
        self.mentor(team, &self.key(team))?;
        self.note("T601", team, "mentoredByNodeId", "a team raised by itself");

        let pair = self.pair()?;
        self.mentor(pair[0], &self.key(pair[1]))?;
        self.mentor(pair[1], &self.key(pair[0]))?;
        let (key, field) = (Some(self.key(pair[0])), Some("mentoredByNodeId"));
        self.note_all("T601", &pair, key, field, "two teams, each raised by the other");

        let team = self.team()?;
        let department = self.find(Feed::Node, &self.cell(team, "parentNodeId")?)?;
        let (id, name) =
            (self.cell(department, "parentNodeId")?, self.cell(department, "parentNodeName")?);
        self.set(team, &[("parentNodeId", &id), ("parentNodeName", &name)])?;
        self.note("T604", team, "nodeLevel", "a team right below a district");
        Ok(())
    }

    fn bad_places(&mut self) -> anyhow::Result<()> {
        let empty = self.new_department("99", "1")?;
        self.note("T606", empty, "nodeLevel", "a department without a team");

        let team = self.team()?;
        let office = self.other_office(&self.cell(team, "organId")?)?;
        let name = self.cell(office, "organName")?;
        self.set(team, &[("organId", &self.key(office)), ("organName", &name)])?;
        self.note("T607", team, "organId", "another organisation than the department's");

        let closed = self.new_department("98", "2")?;
        let team = self.team()?;
        let (id, name) = (self.key(closed), self.cell(closed, "nodeName")?);
        let (office, office_name) =
            (self.cell(closed, "organId")?, self.cell(closed, "organName")?);
        let channel = self.cell(closed, "channel")?;
        self.set(
            team,
            &[
                ("parentNodeId", &id),
                ("parentNodeName", &name),
                ("organId", &office),
                ("organName", &office_name),
                ("channel", &channel),
            ],
        )?;
        self.note("T609", team, "work", "an open team in a closed department");

        let team = self.team()?;
        let office = self.find(Feed::Organ, &self.cell(team, "organId")?)?;
        let (id, name) = (self.cell(office, "parentId")?, self.cell(office, "parentOrganName")?);
        self.set(team, &[("organId", &id), ("organName", &name)])?;
        self.note("B710", team, "organId", "an organisation that has others below it");
        Ok(())
    }

    fn bad_leaders(&mut self) -> anyhow::Result<()> {
        let team = self.team()?;
        let gone = self.gone()?;
        self.set(team, &[("agentId", &self.key(gone))])?;
        self.note("B712", team, "agentId", "a leader who has left");
        self.note("B713", team, "agentId", "a leader who worked elsewhere");

        let team = self.team()?;
        let outside = self.leaf()?;
        self.set(team, &[("agentId", &self.key(outside))])?;
        self.note("B713", team, "agentId", "a leader who works elsewhere");

        let team = self.team()?;
        self.set(team, &[("work", "2")])?;
        let agent = self.leaf()?;
        for (theirs, its) in [
            ("workingNodeId", "id"),
            ("workingNodeName", "nodeName"),
            ("workingOrganId", "organId"),
            ("workingOrganName", "organName"),
            ("channel", "channel"),
        ] {
            let cell = self.cell(team, its)?;
            self.set(agent, &[(theirs, &cell)])?;
        }
        self.note("B711", agent, "workingNodeId", "at work in a closed team");
        Ok(())
    }

    /// Makes a team one that was raised by the team of that key and the leader of some department.
    fn mentor(&mut self, team: At, by: &str) -> anyhow::Result<()> {
        let leader = self.cell(self.department(0)?.0, "agentId")?;
        let date = self.cell(team, "nodeCreateDate")?;
        self.set(
            team,
            &[("mentoredByNodeId", by), ("mentoredByAgentId", &leader), ("mentoredByDate", &date)],
        )
    }

    /// Two new teams, that with the smaller key first.
    fn pair(&mut self) -> anyhow::Result<[At; 2]> {
        let mut pair = [self.team()?, self.team()?];
        if self.key(pair[1]) < self.key(pair[0]) {
            pair.swap(0, 1);
        }
        Ok(pair)
    }

    /// The n-th department of the company, counted round and round, with its first team.
    fn department(&self, n: usize) -> anyhow::Result<(At, At)> {
        let level = self.column(Feed::Node, "nodeLevel")?;
        let nodes = &self.records[Feed::Node];
        // The company's own nodes come first and in order, so a department's first team follows it.
        let own = nodes.len() - self.teams_added;
        let is = |position: usize, text: &str| nodes[position].row.get(level) == text;
        let departments: Vec<usize> =
            (0..own - 1).filter(|&i| is(i, "2") && is(i + 1, "1")).collect();
        let count = departments.len().max(1);
        let position = departments.get(n % count).context("the company has no department")?;
        Ok((At(Feed::Node, *position), At(Feed::Node, position + 1)))
    }

    /// Adds a team without leader, mentor and members to the next department.
    fn team(&mut self) -> anyhow::Result<At> {
        let (department, first) = self.department(self.teams_added)?;
        let department = self.key(department);
        let prefix = &department[..department.len() - 2];
        // Departments have six teams at most, so the numbers from the back are free.
        let taken = |id: &String| self.records[Feed::Node].iter().any(|node| node.place == *id);
        let id = (10..=99).rev().map(|n| format!("{prefix}{n}")).find(|id| !taken(id));
        let id = id.context("the company is too small for all defects; take more agents")?;
        self.new_node(first, &id, &format!("新星{}组", self.teams_added + 1))
    }

    /// Adds a department without leader and teams to the first district.
    fn new_department(&mut self, number: &str, work: &str) -> anyhow::Result<At> {
        let (like, first) = self.department(0)?;
        let own = self.key(like);
        let id = format!("{}{number}00", &own[..own.len() - 4]);
        let (district, name) =
            (self.cell(like, "parentNodeId")?, self.cell(like, "parentNodeName")?);
        let at = self.new_node(first, &id, &format!("新星{number}营业部"))?;
        self.set(
            at,
            &[
                ("nodeLevel", "2"),
                ("parentNodeId", &district),
                ("parentNodeName", &name),
                ("work", work),
            ],
        )?;
        Ok(at)
    }

    fn new_node(&mut self, like: At, id: &str, name: &str) -> anyhow::Result<At> {
        let row = self.record(like).row.clone();
        let at = self.add_at(Feed::Node, row, id.to_owned());
        self.teams_added += 1;
        self.set(
            at,
            &[
                ("id", id),
                ("nodeName", name),
                ("agentId", ""),
                ("mentoredByNodeId", ""),
                ("mentoredByAgentId", ""),
                ("mentoredByDate", ""),
            ],
        )?;
        Ok(at)
    }
}
