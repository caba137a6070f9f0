//! V201 missing-value: a required cell is empty or only white space.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V201",
        name: "missing-value",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Value,
        summary: Message::fixed("必填字段为空", "a required cell is empty or only white space"),
        example: Example {
            header: "id|agentName|gender",
            defect: "A01|刘洋|",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
必填字段是否有值（只有空白也算空，包括全角空格 U+3000）。

## 影响
缺少必填值的记录无法入库。

## 修正方法
请在源系统补录该值。",
            "\
## What it checks
Whether every required cell has a value; white space alone, U+3000 included, is none.

## Why it matters
A record without a required value cannot be stored.

## How the provider fixes it
Enter the value in the source system.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::Missing, |field, value| {
        let _ = value;
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("{name}（{title}）为必填，此处为空"),
            format!("{name} ({title}) is required and is empty here"),
        )
    });
}
