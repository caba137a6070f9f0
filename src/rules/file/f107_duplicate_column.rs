//! F107 duplicate-column: the same field twice in the header.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::header::headers;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F107",
        name: "duplicate-column",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("表头重复出现同一字段", "the same field twice in the header"),
        example: Example {
            header: "",
            defect: "id|agentName|agentName",
            mended: "id|agentName|agentStatus",
        },
        docs: Message::fixed(
            "\
## 检查内容
表头中是否有字段出现两次（字段名与中文标题视为同一字段）。

## 影响
两列同名时无法知道哪一列是真的。

## 修正方法
请只保留一列。",
            "\
## What it checks
Whether a field stands in the header twice, be it by name or by title.

## Why it matters
Of two columns of one name nobody can tell which is right.

## How the provider fixes it
Keep one of them.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for (file, schema, header) in headers(context) {
        for field in header.duplicates.iter().map(|at| &schema.fields[*at]) {
            sink.report(file.feed, &[header.line as u64 + 1], || {
                let (file, name, title) = (&file.name, &field.name, &field.title.zh);
                NewFinding::new(
                    format!("{file} 的表头多次出现字段 {name}（{title}）"),
                    format!("the header of {file} has the field {name} ({title}) more than once"),
                )
                .field(name)
            });
        }
    }
}
