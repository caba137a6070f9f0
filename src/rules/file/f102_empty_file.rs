//! F102 empty-file: zero bytes, or a header and no record.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::Unparsable;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F102",
        name: "empty-file",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("文件为空", "zero bytes, or a header and no record"),
        example: Example {
            header: "",
            defect: "id|agentName|agentStatus|...",
            mended: "id|agentName|agentStatus|...\nA01|刘洋|1|...",
        },
        docs: Message::fixed(
            "\
## 检查内容
文件是否至少有一条记录。

## 影响
空文件通常意味着导出中断；若发布则会清空整张表。

## 修正方法
请重新导出并重传该文件。",
            "\
## What it checks
Whether the file holds at least one record.

## Why it matters
An empty file is usually an export that stopped; published as it is, it would empty the table.

## How the provider fixes it
Export the file again and upload it.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if let FileState::Unparsable(Unparsable::Empty { header }) = &file.state {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                if *header {
                    NewFinding::new(
                        format!("{name} 只有表头，没有记录"),
                        format!("{name} has a header and no record"),
                    )
                } else {
                    NewFinding::new(format!("{name} 没有内容"), format!("{name} has no content"))
                }
            });
        }
    }
}
