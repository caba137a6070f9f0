//! S801 active-agent-vanished: agentStatus 1 in the last snapshot, absent now (info when it was 2).

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, Rule, Sink, SnapshotContext, Unreadable};

use super::changed::LEFT;
use super::changed::both;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "S801",
        name: "active-agent-vanished",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Snapshot,
        summary: Message::fixed("上一快照中的代理人不见了", "agentStatus 1 in the last snapshot, absent now (info when it was 2)"),
        example: Example { header: "", defect: "2024-11-22  A05|吴磊|1|...\n2024-11-23  ", mended: "2024-11-22  A05|吴磊|1|...\n2024-11-23  A05|吴磊|2|...|2024-11-23|..." },
        docs: Message::fixed(
            "\
## 检查内容
上一快照中的每个代理人是否仍在本批次中（本次被隔离的行不算缺失）。当时在职的按规则的级别报告，当时已离职的至多为提示（info）。

## 影响
在职代理人不会凭空消失：通常是导出条件遗漏了一部分人，或编号被更换。发布后其增员关系和归属都会中断。

## 修正方法
离职的代理人请保留在文件中，把工作状态改为 2 并填写离职日期；若编号已更换，请沿用原编号。",
            "\
## What it checks
Whether every agent of the last snapshot is still in this delivery; rows that are in quarantine now are not gone. Those who were at work are reported at the level of the rule, those who had left at info at most.

## Why it matters
Agents at work do not vanish: mostly the export missed a part, or ids were changed. Once published, their recruits and their place are cut off.

## How the provider fixes it
Keep agents who leave in the file, with status 2 and the leaving date; keep the id of everybody.",
        ),
    },
    check: Check::Snapshot(check),
};

fn check(context: &SnapshotContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let (agents, previous) = both(context, Feed::Agent)?;
    let date = context.previous.date;
    for before in (0..previous.len()).filter(|row| agents.find(previous.key(*row)).is_none()) {
        sink.report_affected(Feed::Agent, &[], 1, || {
            let key = previous.key(before);
            let (zh, en, level) = match previous.cell(before, "agentStatus") {
                Some(LEFT) => ("已离职", "had left", Level::Info),
                _ => ("在职", "was at work", Level::Fatal),
            };
            NewFinding::new(
                format!("代理人 {key} 在上一快照（{date}）中{zh}，本批次中没有该代理人"),
                format!(
                    "agent {key} {en} in the last snapshot ({date}) and is not in this delivery"
                ),
            )
            .key(Some(key))
            .at_most(level)
        });
    }
    Ok(())
}
