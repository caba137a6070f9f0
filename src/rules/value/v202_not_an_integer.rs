//! V202 not-an-integer: int cell that is not one.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V202",
        name: "not-an-integer",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Value,
        summary: Message::fixed("不是整数", "int cell that is not one"),
        docs: Message::fixed(
            "\
## 检查内容
整数字段是否为可选正负号加 ASCII 数字。

## 影响
不能读作整数的值无法入库。

## 修正方法
请按约定填写代码值，不要写文字、小数或全角数字。",
            "\
## What it checks
Whether integer cells are an optional sign and ASCII digits.

## Why it matters
What cannot be read as an integer cannot be stored.

## How the provider fixes it
Deliver the code of the contract, not words, decimals or full-width digits.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::NotAnInteger, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("{name}（{title}）应为整数，实为“{value}”"),
            format!("{name} ({title}) must be an integer, not \"{value}\""),
        )
    });
}
