//! B712 left-leader: a team's leader has agentStatus 2, or an organ's leader principalStatus 2.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::LEFT;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B712",
        name: "left-leader",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("负责人已离职", "a team's leader has agentStatus 2, or an organ's leader principalStatus 2"),
        example: Example { header: "id|nodeName|agentId", defect: "N112|星火二组|A03", mended: "N112|星火二组|A04" },
        docs: Message::fixed(
            "\
## 检查内容
团队长和机构负责人是否在职（agentStatus、principalStatus 为 1；两条记录都须有效）。

## 影响
已离职的团队长或机构负责人收不到任务和审批，下属无人管理。

## 修正方法
请填写现任团队长或机构负责人；暂时空缺时，团队长可以留空。",
            "\
## What it checks
Whether the leaders of teams and organisations are at work (agentStatus, principalStatus 1); both records have to be accepted ones.

## Why it matters
Leaders who left receive no task and no approval, and those below have nobody above them.

## How the provider fixes it
Deliver the present leader; the leader of a team may be left empty for the time being.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let teams = left_leaders(context, sink, (Feed::Node, "agentId"), (Feed::Agent, "agentStatus"));
    let leader = (Feed::Principal, "principalStatus");
    let organs = left_leaders(context, sink, (Feed::Organ, "leaderId"), leader);
    // One of the two is enough to have been run.
    teams.or(organs)
}

/// Reports the records whose leader, whom the field names, has left by the status of the other feed.
fn left_leaders(
    context: &RowContext<'_, '_>,
    sink: &mut Sink,
    (feed, field): (Feed, &str),
    (leader_feed, status): (Feed, &str),
) -> Result<(), Unreadable> {
    let (rows, leaders) = (context.rows(feed)?, context.rows(leader_feed)?);
    let (leader_of, statuses) = (context.references(feed, field), leaders.cells(status));
    for row in rows.iter() {
        let leader = leader_of.target(row).filter(|leader| statuses.int(*leader) == Some(LEFT));
        let Some(leader) = leader else { continue };
        sink.report(feed, &[rows.file.line(row)], || {
            let related = leaders.related(leader);
            let key = &related.key;
            NewFinding::new(
                format!("{field} 所指的负责人 {key} 已离职（{status} = {LEFT}）"),
                format!("the leader {key}, whom {field} names, has left ({status} = {LEFT})"),
            )
            .key(rows.file.key(row))
            .field(field)
            .value(rows.delivered(row, field))
            .related(vec![related])
        });
    }
    Ok(())
}
