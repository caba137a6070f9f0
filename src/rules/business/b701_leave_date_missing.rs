//! B701 leave-date-missing: agentStatus 2 without leaveCompanyDate.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::LEFT;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B701",
        name: "leave-date-missing",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("已离职但没有离职日期", "agentStatus 2 without leaveCompanyDate"),
        example: Example {
            header: "id|agentStatus|leaveCompanyDate",
            defect: "A03|2|",
            mended: "A03|2|2015-01-31",
        },
        docs: Message::fixed(
            "\
## 检查内容
离职的代理人（agentStatus = 2）是否有离职日期。

## 影响
无法知道何时离职，按日期的在职人数会算错。

## 修正方法
请补录离职日期；若仍在职，请把工作状态改为 1。",
            "\
## What it checks
Whether agents who left (agentStatus = 2) have a leaving date.

## Why it matters
Nobody can tell when they left, and head counts by date are wrong.

## How the provider fixes it
Enter the leaving date, or set the status to 1 if they are still at work.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let (status, left) = (agents.cells("agentStatus"), agents.cells("leaveCompanyDate"));
    for row in agents.iter().filter(|row| status.int(*row) == Some(LEFT)) {
        if left.date(row).is_some() {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            NewFinding::new(
                "已离职（agentStatus = 2），但离职日期为空",
                "has left (agentStatus = 2), but the leaving date is empty",
            )
            .key(agents.file.key(row))
            .field("leaveCompanyDate")
            .value(agents.delivered(row, "leaveCompanyDate"))
        });
    }
    Ok(())
}
