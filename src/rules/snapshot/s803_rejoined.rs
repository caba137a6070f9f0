//! S803 rejoined: agentStatus 2 in the last snapshot, 1 now.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, Rule, Sink, SnapshotContext, Unreadable};

use super::changed::{ACTIVE, LEFT};
use super::changed::{Changed, changed};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "S803",
        name: "rejoined",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Snapshot,
        summary: Message::fixed("离职代理人再次入司", "agentStatus 2 in the last snapshot, 1 now"),
        example: Example { header: "", defect: "2024-11-22  A03|杨帆|2|...|2015-01-31|...\n2024-11-23  A03|杨帆|1|...|2015-01-31|...", mended: "2024-11-22  A03|杨帆|2|...|2015-01-31|...\n2024-11-23  A03|杨帆|1|...||..." },
        docs: Message::fixed(
            "\
## 检查内容
上一快照中已离职（agentStatus = 2）的代理人，本次是否变为在职（agentStatus = 1）。

## 影响
再次入司会影响司龄和增员关系，值得核对；成批出现时通常是工作状态导出有误。

## 修正方法
若确为再次入司，请清空离职日期；否则请把工作状态改回 2。",
            "\
## What it checks
Whether agents who had left in the last snapshot (agentStatus = 2) are at work now (agentStatus = 1).

## Why it matters
Joining again changes years of service and recruiting, and is worth a look; in numbers it is mostly a fault in the export of the status.

## How the provider fixes it
Clear the leaving date of agents who joined again; else set the status back to 2.",
        ),
    },
    check: Check::Snapshot(check),
};

fn check(context: &SnapshotContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let Changed { rows: agents, previous, pairs } = changed(context, Feed::Agent)?;
    let date = context.previous.date;
    let status = agents.cells("agentStatus");
    for (row, before) in pairs {
        if previous.cell(before, "agentStatus") != Some(LEFT) || status.int(row) != Some(ACTIVE) {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            NewFinding::new(
                format!("在上一快照（{date}）中已离职，现为在职"),
                format!("had left in the last snapshot ({date}) and is at work now"),
            )
            .key(agents.file.key(row))
            .field("agentStatus")
            .value(agents.delivered(row, "agentStatus"))
        });
    }
    Ok(())
}
