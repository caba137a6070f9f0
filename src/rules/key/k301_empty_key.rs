//! K301 empty-key: the key cell is empty.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use crate::rules::value::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "K301",
        name: "empty-key",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Key,
        summary: Message::fixed("主键为空", "the key cell is empty"),
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "|刘洋|1",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
每条记录是否有主键。

## 影响
没有主键的记录无法识别，也无法与前一天比较。

## 修正方法
请在源系统补上主键。",
            "\
## What it checks
Whether every record has a key.

## Why it matters
A record without a key cannot be told from others nor compared with the day before.

## How the provider fixes it
Enter the key in the source system.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::EmptyKey, |field, value| {
        let _ = value;
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("主键 {name}（{title}）为空"),
            format!("the key {name} ({title}) is empty"),
        )
    });
}
