//! B708 working-node-not-lowest: agent's team has nodeLevel other than 1.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::agent_teams::AgentTeams;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B708",
        name: "working-node-not-lowest",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("代理人所在团队不是最低级", "agent's team has nodeLevel other than 1"),
        example: Example { header: "id|agentName|workingNodeId", defect: "A05|吴磊|N110", mended: "A05|吴磊|N112" },
        docs: Message::fixed(
            "\
## 检查内容
代理人所在团队（workingNodeId）的级别是否为 1（两条记录都须有效）。

## 影响
直接挂在区或部上的代理人不属于任何组，按组统计时会漏掉。

## 修正方法
请填写代理人实际所在的最低级团队。",
            "\
## What it checks
Whether the team in which an agent works (workingNodeId) has level 1; both records have to be accepted ones.

## Why it matters
Agents right below a district or department belong to no team, and figures by team miss them.

## How the provider fixes it
Deliver the lowest team in which the agent really works.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let places = AgentTeams::of(context)?;
    let levels = places.teams.cells("nodeLevel");
    for (row, team) in places.iter() {
        let Some(level) = levels.int(team).filter(|level| *level != LOWEST) else { continue };
        places.report(sink, (row, team), "workingNodeId", |team| {
            NewFinding::new(
                format!("所在团队 {team} 的 nodeLevel 为 {level}，应为 {LOWEST}"),
                format!("works in {team}, whose nodeLevel is {level} instead of {LOWEST}"),
            )
        });
    }
    Ok(())
}

/// The level of the teams in which agents work.
const LOWEST: i64 = 1;
