//! B713 leader-outside-node: a team's leader works in no team of its subtree.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::agent_teams::AgentTeams;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B713",
        name: "leader-outside-node",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("团队长不在本团队内", "a team's leader works in no team of its subtree"),
        example: Example { header: "id|nodeName|agentId", defect: "N112|星火二组|A02", mended: "N112|星火二组|A04" },
        docs: Message::fixed(
            "\
## 检查内容
团队长是否在该团队或其下级团队中工作（团队长及其所在团队都须有效；环上的上级关系不算）。

## 影响
团队长在别处工作时，该团队的日常管理和业绩归属不清楚；有时是兼任，因此只作提示。

## 修正方法
请确认团队长；若已调动，请填写新的团队长，或更新代理人的所在团队。",
            "\
## What it checks
Whether the leader of a team works in it or in a team below it; the leader and the leader's team have to be accepted records, and edges of cycles do not count.

## Why it matters
With a leader who works elsewhere it is unclear who runs the team; sometimes one person leads two, so this is a hint only.

## How the provider fixes it
Find out who leads the team; after a transfer deliver the new leader, or the new team of the agent.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let places = AgentTeams::of(context)?;
    let nodes = places.teams;
    let forest =
        context.forests.iter().find(|f| f.schema.feed == Feed::Node && f.schema.has_levels());
    let Some(subtrees) = forest.map(|forest| forest.forest.subtree_ranges()) else {
        return Ok(());
    };
    let leader_of = context.references(Feed::Node, "agentId");
    for row in nodes.iter() {
        let Some(leader) = leader_of.target(row) else { continue };
        let Some(team) = places.team_of(leader) else { continue };
        let (own, theirs) = (&subtrees[nodes.position(row)], &subtrees[nodes.position(team)]);
        if own.contains(&theirs.start) {
            continue;
        }
        sink.report(Feed::Node, &[nodes.file.line(row)], || {
            let related = places.agents.related(leader);
            let (key, team) = (&related.key, nodes.file.key(team).unwrap_or_default());
            NewFinding::new(
                format!("团队长 {key} 在 {team} 工作，不在本团队及其下级团队内"),
                format!(
                    "the leader {key} works in {team}, which is neither this team nor below it"
                ),
            )
            .key(nodes.file.key(row))
            .field("agentId")
            .value(nodes.delivered(row, "agentId"))
            .related(vec![related])
        });
    }
    Ok(())
}
