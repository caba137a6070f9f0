//! F105 missing-column: header present, a required field is not in it.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::header::headers;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F105",
        name: "missing-column",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("表头缺少必填字段", "header present, a required field is not in it"),
        example: Example { header: "", defect: "id|agentName|gender", mended: "id|agentName|agentStatus|gender" },
        docs: Message::fixed(
            "\
## 检查内容
有表头时，所有必填字段是否都在其中（字段名或中文标题，次序与大小写不限）。

## 影响
缺列意味着每一行都缺该值。

## 修正方法
请在导出中补上该列，或改正表头的写法。",
            "\
## What it checks
With a header: whether every required field stands in it, by name or Chinese title, in any order and case.

## Why it matters
A column that is missing is missing in every row.

## How the provider fixes it
Add the column to the export, or correct its title.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for (file, schema, header) in headers(context) {
        for field in header.missing.iter().map(|at| &schema.fields[*at]) {
            sink.report(file.feed, &[header.line as u64 + 1], || {
                let (file, name, title) = (&file.name, &field.name, &field.title.zh);
                NewFinding::new(
                    format!("{file} 的表头没有必填字段 {name}（{title}）"),
                    format!("the header of {file} lacks the required field {name} ({title})"),
                )
                .field(name)
            });
        }
    }
}
