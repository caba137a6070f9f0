//! Agents and the teams in which they work.

use crate::model::Feed;
use crate::rules::accepted_rows::{AcceptedRows, References};
use crate::rules::{NewFinding, RowContext, Sink, Unreadable};

/// The accepted agents and teams.
pub(super) struct AgentTeams<'d, 'a> {
    pub(super) agents: AcceptedRows<'d, 'a>,
    pub(super) teams: AcceptedRows<'d, 'a>,
    working: References<'d>,
}

impl<'d, 'a> AgentTeams<'d, 'a> {
    /// Those of a delivery; `Err` if one of the two files could not be read.
    pub(super) fn of(context: &RowContext<'d, 'a>) -> Result<AgentTeams<'d, 'a>, Unreadable> {
        Ok(AgentTeams {
            agents: context.rows(Feed::Agent)?,
            teams: context.rows(Feed::Node)?,
            working: context.references(Feed::Agent, "workingNodeId"),
        })
    }

    /// The team of an agent, if it is accepted.
    pub(super) fn team_of(&self, agent: u32) -> Option<u32> {
        self.working.target(agent)
    }

    /// All agents whose team is accepted, with it; in the order of the agents' file.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + use<'d> {
        let working = self.working;
        self.agents.iter().filter_map(move |agent| Some((agent, working.target(agent)?)))
    }

    /// Reports a defect of an agent that concerns the team; `words` gets the key of the team.
    pub(super) fn report(
        &self,
        sink: &mut Sink,
        (agent, team): (u32, u32),
        field: &str,
        words: impl FnOnce(&str) -> NewFinding,
    ) {
        sink.report(Feed::Agent, &[self.agents.file.line(agent)], || {
            let related = self.teams.related(team);
            words(&related.key)
                .key(self.agents.file.key(agent))
                .field(field)
                .value(self.agents.delivered(agent, field))
                .related(vec![related])
        });
    }
}
