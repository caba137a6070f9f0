//! F113 trailing-delimiter: every line ends with a delimiter behind its last field.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F113",
        name: "trailing-delimiter",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed(
            "每行末尾多一个分隔符",
            "every line ends with a delimiter behind its last field",
        ),
        example: Example {
            header: "id|agentName|gender|",
            defect: "A01|刘洋|1|",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
每行最后一个字段之后是否还有一个分隔符。

## 影响
它不是一列，已照此读取；但某行缺了它，可能就是被截断的行，见 R201。

## 修正方法
可以不改；如方便，请在导出时去掉行尾的分隔符。",
            "\
## What it checks
Whether a delimiter follows the last field of every line.

## Why it matters
It is no column and was read so; but a line that lacks it may have been cut off, see R201.

## How the provider fixes it
Nothing need be done; if it is easy, leave the delimiter at the line end out.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable().filter(|file| file.parsed.layout.trailing) {
        sink.report(file.feed, &[], || {
            let name = &context.delivery.files[file.feed].name;
            let layout = &file.parsed.layout;
            // A header may lack it.
            let untitled = layout.header.as_ref().is_some_and(|header| {
                !file.parsed.lines.decode(header.line).text.trim_end().ends_with(&layout.delimiter)
            });
            let (zh, en) = match untitled {
                true => ("每行记录", "every line of records in"),
                false => ("每行", "every line of"),
            };
            NewFinding::new(
                format!("{name} {zh}最后一个字段之后还有一个分隔符；未当作一列"),
                format!("{en} {name} has a delimiter behind its last field; it is not a column"),
            )
        });
    }
}
