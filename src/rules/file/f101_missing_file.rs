//! F101 missing-file: an expected feed file is absent.

use crate::delivery::FileState;
use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F101",
        name: "missing-file",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("缺少应交付的文件", "an expected feed file is absent"),
        docs: Message::fixed(
            "\
## 检查什么
四个文件是否都在交付目录中。

## 为什么重要
四个文件合起来才是一份完整的快照；缺一个，其余三个的引用就无从核对。

## 请提供方如何修正
请补传该文件；如确实没有数据，请与集成方商定。",
            "\
## What it checks
Whether all four files are in the delivery folder.

## Why it matters
The four files are one snapshot; without one of them the references of the others cannot be checked.

## How the provider fixes it
Upload the file; if there truly is no data for it, agree that with the integrator.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if matches!(file.state, FileState::Missing) {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                NewFinding::new(
                    format!("交付中没有 {name}"),
                    format!("{name} is not in the delivery"),
                )
            });
        }
    }
}
