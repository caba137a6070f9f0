//! V202 not-an-integer: int cell that is not one.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
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
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "A01|刘洋|在职",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
整数字段是否为可选正负号加数字（全角数字和 1.0 也可，见 V211），或任务文件 [codes] 声明的词。

## 影响
不能读作整数的值无法入库。

## 修正方法
请按约定填写代码值，不要写文字或小数；要写文字时，请与集成方商定。",
            "\
## What it checks
Whether integer cells are an optional sign and digits (full-width ones and `1.0` are read, see V211), or a word that the job declares in `[codes]`.

## Why it matters
What cannot be read as an integer cannot be stored.

## How the provider fixes it
Deliver the code of the contract, not words or decimals; agree words with the integrator.",
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
