//! T609 open-node-under-closed: work = 1 under a parent with work = 2.

use crate::model::{Disposition, Example, Group, Level, Message, Related, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, edges, is_node_forest};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T609",
        name: "open-node-under-closed",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed(
            "停业团队下有正常营业的团队",
            "work = 1 under a parent with work = 2",
        ),
        example: Example {
            header: "id|nodeName|parentNodeId|work",
            defect: "N110|晨曦部|N100|2\nN112|星火二组|N110|1",
            mended: "N110|晨曦部|N100|1\nN112|星火二组|N110|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
正常营业（work = 1）的团队，其上级是否也正常营业（环上的上级关系不检查）。

## 影响
上级停业后，该团队没有可用的管理线，审批和汇总会中断。

## 修正方法
请把该团队划归正常营业的上级，或改正其中一方的营业标记。",
            "\
## What it checks
Whether the parent of an open team (work = 1) is open too; edges of cycles are not looked at.

## Why it matters
Under a closed parent a team has no line of command, and approvals and sums stop there.

## How the provider fixes it
Put the team under an open parent, or correct the mark of one of the two.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for forest in delivered(context, is_node_forest)? {
        let Delivered { file, .. } = forest;
        let work = context.rows(file.feed)?.cells("work");
        for (row, parent) in edges(&forest) {
            if work.int(row) != Some(OPEN) || work.int(parent) != Some(CLOSED) {
                continue;
            }
            sink.report(file.feed, &[file.line(row)], || {
                let parent_key = file.key(parent).unwrap_or_default().to_owned();
                NewFinding::new(
                    format!("正常营业（work = {OPEN}），而上级团队 {parent_key} 已停业（work = {CLOSED}）"),
                    format!("is open (work = {OPEN}), but its parent {parent_key} is closed (work = {CLOSED})"),
                )
                .key(file.key(row))
                .field("work")
                .value(Some(OPEN.to_string()))
                .related(vec![Related { feed: file.feed, line: file.line(parent), key: parent_key }])
            });
        }
    }
    Ok(())
}

/// Values of `work`.
const OPEN: i64 = 1;
const CLOSED: i64 = 2;
