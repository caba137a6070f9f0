//! B709 working-organ-differs-from-node: agent.workingOrganId is not its team's organId.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::agent_teams::AgentTeams;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B709",
        name: "working-organ-differs-from-node",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed(
            "代理人隶属机构与所在团队的机构不同",
            "agent.workingOrganId is not its team's organId",
        ),
        example: Example {
            header: "id|workingNodeId|workingOrganId",
            defect: "A05|N112|86010102",
            mended: "A05|N112|86010101",
        },
        docs: Message::fixed(
            "\
## 检查内容
代理人的隶属机构是否就是所在团队的所属机构（团队和两个机构都须是有效记录）。

## 影响
同一个人按团队和按机构归入不同的地方，两种统计对不上。

## 修正方法
请改正代理人的隶属机构或所在团队，或改正团队的所属机构。",
            "\
## What it checks
Whether an agent's organisation is that of the agent's team; the team and both organisations have to be accepted records.

## Why it matters
One person is counted in two places, by team and by organisation, and the two figures differ.

## How the provider fixes it
Correct the agent's organisation or team, or the organisation of the team.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let (places, organs) = (AgentTeams::of(context)?, context.rows(Feed::Organ)?);
    let own = context.references(Feed::Agent, "workingOrganId");
    let theirs = context.references(Feed::Node, "organId");
    for (row, team) in places.iter() {
        let (Some(one), Some(other)) = (own.target(row), theirs.target(team)) else { continue };
        if one == other {
            continue;
        }
        places.report(sink, (row, team), "workingOrganId", |team| {
            let [one, other] = [one, other].map(|organ| organs.file.key(organ).unwrap_or_default());
            NewFinding::new(
                format!("隶属机构为 {one}，而所在团队 {team} 属于机构 {other}"),
                format!("belongs to organisation {one}, but the team {team} to {other}"),
            )
        });
    }
    Ok(())
}
