//! B714 agent-channel-differs-from-node: agent.channel is not its team's.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::agent_teams::AgentTeams;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B714",
        name: "agent-channel-differs-from-node",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("代理人渠道与所在团队不同", "agent.channel is not its team's"),
        example: Example {
            header: "id|channel|workingNodeId",
            defect: "A05|2|N112",
            mended: "A05|1|N112",
        },
        docs: Message::fixed(
            "\
## 检查内容
代理人的渠道标识是否与所在团队相同（两条记录都须有效）。

## 影响
按渠道统计和授权时，代理人与其团队分属两处。

## 修正方法
请改正代理人的渠道标识，或改正其所在团队。",
            "\
## What it checks
Whether an agent has the channel of the agent's team; both records have to be accepted ones.

## Why it matters
In figures and rights by channel the agent and the team stand in two places.

## How the provider fixes it
Correct the agent's channel, or the agent's team.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let places = AgentTeams::of(context)?;
    let (own, channels) = (places.agents.cells("channel"), places.teams.cells("channel"));
    for (row, team) in places.iter().filter(|(row, team)| own.differs(*row, channels, *team)) {
        places.report(sink, (row, team), "channel", |key| {
            let (own, theirs) = (own.int(row).unwrap_or_default(), channels.int(team));
            let theirs = theirs.unwrap_or_default();
            NewFinding::new(
                format!("channel 为 {own}，所在团队 {key} 为 {theirs}"),
                format!("channel is {own}; the team {key} has {theirs}"),
            )
        });
    }
    Ok(())
}
