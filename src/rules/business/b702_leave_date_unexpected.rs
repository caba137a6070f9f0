//! B702 leave-date-unexpected: agentStatus 1 with leaveCompanyDate.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::{ACTIVE, iso};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B702",
        name: "leave-date-unexpected",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("在职但有离职日期", "agentStatus 1 with leaveCompanyDate"),
        example: Example { header: "id|agentStatus|leaveCompanyDate", defect: "A04|1|2024-11-23", mended: "A04|1|" },
        docs: Message::fixed(
            "\
## 检查内容
在职的代理人（agentStatus = 1）是否没有离职日期。

## 影响
两个字段互相矛盾，无法判断该代理人是否在职；也可能是再次入司后未清除旧的离职日期。

## 修正方法
请清空离职日期；若已离职，请把工作状态改为 2。",
            "\
## What it checks
Whether agents at work (agentStatus = 1) have no leaving date.

## Why it matters
The two fields contradict each other: nobody can tell whether the agent is at work. It may also be the date of an earlier leave.

## How the provider fixes it
Clear the leaving date, or set the status to 2 if the agent has left.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let (status, left) = (agents.cells("agentStatus"), agents.cells("leaveCompanyDate"));
    for row in agents.iter().filter(|row| status.int(*row) == Some(ACTIVE)) {
        let Some(date) = left.date(row) else { continue };
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            let date = iso(date);
            NewFinding::new(
                format!("在职（agentStatus = 1），却有离职日期 {date}"),
                format!("is at work (agentStatus = 1), but has the leaving date {date}"),
            )
            .key(agents.file.key(row))
            .field("leaveCompanyDate")
            .value(agents.delivered(row, "leaveCompanyDate"))
        });
    }
    Ok(())
}
