//! F106 unknown-column: header has a title that the schema does not know (ignored).

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::header::headers;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F106",
        name: "unknown-column",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed(
            "表头有约定之外的列",
            "header has a title that the schema does not know (ignored)",
        ),
        example: Example { header: "", defect: "id|agentName|shoeSize", mended: "id|agentName" },
        docs: Message::fixed(
            "\
## 检查内容
表头的每个标题是否都是约定的字段。

## 影响
未知的列不会入库；若是写错的字段名，其数据就丢了。

## 修正方法
请改正标题，或从导出中去掉该列；确需该列时请与集成方商定。",
            "\
## What it checks
Whether every title of the header is a field of the contract.

## Why it matters
A column nobody knows is not stored; if it is a misspelt field, its data are missing.

## How the provider fixes it
Correct the title or leave the column out; if it is wanted, agree it with the integrator.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for (file, _, header) in headers(context) {
        for title in &header.unknown {
            sink.report(file.feed, &[header.line as u64 + 1], || {
                let name = &file.name;
                NewFinding::new(
                    format!("{name} 的表头有未知的列“{title}”，该列不入库"),
                    format!(
                        "the header of {name} has an unknown column \"{title}\"; it is not stored"
                    ),
                )
                .value(Some(title.clone()))
            });
        }
    }
}
