//! F114 unusual-line-end: lines end in CR alone.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F114",
        name: "unusual-line-end",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed("行尾只有 CR", "lines end in CR alone"),
        example: Example { header: "", defect: "A01|刘洋|1\\r", mended: "A01|刘洋|1\\n" },
        docs: Message::fixed(
            "\
## 检查内容
行是否只以 CR（没有 LF）结束。

## 影响
已照此读取；但许多程序会把这样的文件当成一行。

## 修正方法
可以不改；如方便，请以 LF 或 CRLF 结束各行。",
            "\
## What it checks
Whether lines end in CR without LF.

## Why it matters
They were read so; but many programs take such a file for one line.

## How the provider fixes it
Nothing need be done; if it is easy, end lines in LF or CRLF.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable().filter(|f| f.parsed.lines.ends_in_cr()) {
        sink.report(file.feed, &[], || {
            let name = &context.delivery.files[file.feed].name;
            NewFinding::new(
                format!("{name} 的行尾只有 CR，没有 LF"),
                format!("the lines of {name} end in CR alone, without LF"),
            )
        });
    }
}
