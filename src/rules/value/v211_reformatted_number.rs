//! V211 reformatted-number: an integer cell accepted in another form: full-width digits, a fraction of zeros.

use crate::config::schema::Kind;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_reformatted;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V211",
        name: "reformatted-number",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("整数的写法不是 ASCII 数字，已改写", "an integer cell accepted in another form: full-width digits, a fraction of zeros"),
        example: Example { header: "id|agentName|gender", defect: "A01|刘洋|1.0", mended: "A01|刘洋|1" },
        docs: Message::fixed(
            "\
## 检查内容
整数是否为可选正负号加 ASCII 数字；全角数字和小数部分全为零的写法（1.0）也接受。

## 影响
已读出并改写；这样的值通常经过了电子表格。

## 修正方法
可以不改；如方便，请直接写代码，如 1。",
            "\
## What it checks
Whether integers are an optional sign and ASCII digits; full-width digits and a fraction of zeros (`1.0`) are accepted.

## Why it matters
They were read, and published as integers; such values have, as a rule, been through a spreadsheet.

## How the provider fixes it
Nothing need be done; if it is easy, write the plain code, such as 1.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_reformatted(
        context,
        sink,
        |kind| *kind == Kind::Integer,
        |field, value, read| {
            let (name, title) = (&field.name, &field.title.zh);
            NewFinding::new(
                format!("{name}（{title}）写作“{value}”，已读作 {read}"),
                format!("{name} ({title}) is written \"{value}\" and was read as {read}"),
            )
        },
    );
}
