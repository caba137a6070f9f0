//! V204 not-in-enumeration: channel, gender, status, work outside its list.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V204",
        name: "not-in-enumeration",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Quarantine,
        group: Group::Value,
        summary: Message::fixed(
            "取值不在约定范围内",
            "channel, gender, status, work outside its list",
        ),
        example: Example {
            header: "id|agentName|gender",
            defect: "A01|刘洋|9",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
渠道、性别、状态、营业标记是否为约定的代码。

## 影响
未约定的代码没有含义，统计会漏掉这些人。

## 修正方法
请改为约定的代码；如有新代码，请先与集成方商定。",
            "\
## What it checks
Whether channel, gender, status and work hold a code of the contract.

## Why it matters
A code outside the contract means nothing, and statistics miss these people.

## How the provider fixes it
Use a code of the contract; agree new ones with the integrator first.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::NotAllowed, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        let list = |word: fn(&Message) -> &str| {
            let one = |(value, label): &(i64, Message)| format!("{value} {}", word(label));
            field.allowed.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let (mut list_zh, mut list_en) = (list(|m| &m.zh), list(|m| &m.en));
        if !field.codes.is_empty() {
            // The words of the files may be numbers too, which then mean what the job says.
            let words = field.codes.iter().map(|(word, code)| format!("{word} = {code}"));
            let words = words.collect::<Vec<_>>().join(", ");
            list_zh = format!("{list_zh}；[codes]：{words}");
            list_en = format!("{list_en}; [codes]: {words}");
        }
        NewFinding::new(
            format!("{name}（{title}）的值“{value}”不在约定之中：{list_zh}"),
            format!("the value \"{value}\" of {name} ({title}) is none of {list_en}"),
        )
    });
}
