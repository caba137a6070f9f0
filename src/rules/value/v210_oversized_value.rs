//! V210 oversized-value: longer than the schema's maxLength.

use crate::parse::{CellFaultKind, trim, without_controls};

use super::cells::report_cells;

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V210",
        name: "oversized-value",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Quarantine,
        group: Group::Value,
        summary: Message::fixed("值超过允许的长度", "longer than the schema's maxLength"),
        example: Example { header: "id|agentName|agentGradeLevel", defect: "A01|刘洋|Q03Q03Q03Q03Q03Q03Q03Q03Q03Q03Q03", mended: "A01|刘洋|Q03" },
        docs: Message::fixed(
            "\
## 检查内容
文本字段的字符数是否超过结构中的 maxLength（去除首尾空白和控制字符之后计算）。

## 影响
过长的值通常是几个字段连在一起，或备注写进了错误的字段；该行不可信，因此隔离。

## 修正方法
请改正该值。若确实需要更长的值，请在任务的自定义结构中调大 maxLength。",
            "\
## What it checks
Whether a text has more characters than the schema's maxLength allows, once trimmed and without control characters.

## Why it matters
A value that is too long is mostly several fields in one, or a remark in the wrong field; the row cannot be trusted and is kept aside.

## How the provider fixes it
Correct the value. If longer ones are needed, raise maxLength in the job's own schema.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::TooLong, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        let length = trim(&without_controls(value)).chars().count();
        let limit = field.max_length.unwrap_or_default();
        NewFinding::new(
            format!("{name}（{title}）有 {length} 个字符，最多允许 {limit} 个"),
            format!("{name} ({title}) has {length} characters; {limit} are allowed"),
        )
    });
}
