//! V208 control-character: control, zero-width or bidi character inside a cell (removed).

use crate::parse::{CellFaultKind, is_control};

use super::cells::report_cells;

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V208",
        name: "control-character",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("含不可见的控制字符（已去除）", "control, zero-width or bidi character inside a cell (removed)"),
        example: Example { header: "id|agentName|gender", defect: "A01|刘洋\\u{200B}|1", mended: "A01|刘洋|1" },
        docs: Message::fixed(
            "\
## 检查内容
字段中是否有控制字符（制表符除外）、零宽字符或改变书写方向的字符：U+0000 至 U+001F、U+0080 至 U+009F、U+200B 至 U+200F、U+202A 至 U+202E、U+2060 至 U+2069、U+FEFF。这些字符在其他检查之前去除，主键也不例外。

## 影响
这类字符看不见，却会使相同的姓名或编号比较时不相等，也会扰乱显示。

## 修正方法
请在源系统清除这些字符；它们通常来自网页、即时通讯软件或表格的复制粘贴。",
            "\
## What it checks
Whether a cell holds control characters other than the tab, zero-width characters, or characters that change the direction of writing: U+0000 to U+001F, U+0080 to U+009F, U+200B to U+200F, U+202A to U+202E, U+2060 to U+2069, U+FEFF. They are removed before anything else is looked at, in keys too.

## Why it matters
Nobody sees these characters, yet with them equal names and ids are not equal, and displays are garbled.

## How the provider fixes it
Remove them in the source system; mostly they were pasted from web pages, messengers or spreadsheets.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::ControlCharacter, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        let mut characters: Vec<char> = value.chars().filter(|c| is_control(*c)).collect();
        let count = characters.len();
        characters.sort_unstable();
        characters.dedup();
        let named = characters.iter().take(SHOWN).map(|c| format!("U+{:04X}", u32::from(*c)));
        let mut named: Vec<String> = named.collect();
        if characters.len() > SHOWN {
            named.push("...".to_owned());
        }
        let (zh, en) = (named.join("、"), named.join(", "));
        NewFinding::new(
            format!("{name}（{title}）含 {count} 个不可见的控制字符（{zh}），已去除"),
            format!(
                "{name} ({title}) holds {count} control character(s) that nobody sees ({en}), which were removed"
            ),
        )
    });
}

/// Maximum number of different characters in the message.
const SHOWN: usize = 5;
