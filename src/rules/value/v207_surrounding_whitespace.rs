//! V207 surrounding-whitespace: trimmed before publishing.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V207",
        name: "surrounding-whitespace",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("值的首尾有空白", "trimmed before publishing"),
        example: Example {
            header: "id|agentName|gender",
            defect: "A01|刘洋  |1",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
值的首尾是否有空白（ASCII 空白与全角空格）。

## 影响
带空白的编码与不带空白的编码看似相同却不相等。

## 修正方法
请在导出时去掉首尾空白；本程序发布前已去掉。",
            "\
## What it checks
Whether a value begins or ends with white space (ASCII, or U+3000).

## Why it matters
A code with a space looks like the one without and is not equal to it.

## How the provider fixes it
Trim values in the export; orgsnap has trimmed them before publishing.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::Whitespace, |field, value| {
        let _ = value;
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("{name}（{title}）首尾有空白，已去除"),
            format!("{name} ({title}) has white space round it, which was removed"),
        )
    });
}
