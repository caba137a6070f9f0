//! B711 active-agent-in-closed-node: agentStatus 1 in a team with work = 2.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::agent_teams::AgentTeams;
use super::values::ACTIVE;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B711",
        name: "active-agent-in-closed-node",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("在职代理人所在团队已停业", "agentStatus 1 in a team with work = 2"),
        example: Example { header: "id|agentStatus|workingNodeId", defect: "A05|1|N113", mended: "A05|1|N112" },
        docs: Message::fixed(
            "\
## 检查内容
在职代理人（agentStatus = 1）所在团队是否正常营业（work = 1；两条记录都须有效）。

## 影响
停业团队里的在职代理人无人管理，也不会出现在正常团队的统计中。

## 修正方法
请把这些代理人划归正常营业的团队，或改正团队的营业标记、代理人的工作状态。",
            "\
## What it checks
Whether the team of an agent at work (agentStatus = 1) is open (work = 1); both records have to be accepted ones.

## Why it matters
Agents at work in a closed team have nobody above them and are in no figure of open teams.

## How the provider fixes it
Put them into an open team, or correct the mark of the team or their status.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let places = AgentTeams::of(context)?;
    let (status, work) = (places.agents.cells("agentStatus"), places.teams.cells("work"));
    for (row, team) in places.iter() {
        if status.int(row) != Some(ACTIVE) || work.int(team) != Some(CLOSED) {
            continue;
        }
        places.report(sink, (row, team), "workingNodeId", |team| {
            NewFinding::new(
                format!("在职，但所在团队 {team} 已停业（work = {CLOSED}）"),
                format!("is at work, but the team {team} is closed (work = {CLOSED})"),
            )
        });
    }
    Ok(())
}

/// The value of `work` of a closed team.
const CLOSED: i64 = 2;
