//! R203 oversized-line: over 64 KiB.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "R203",
        name: "oversized-line",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Record,
        summary: Message::fixed("行过长", "over 64 KiB"),
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "A01|刘洋刘洋刘洋...（70,000 B）|1",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
每一行是否不超过 64 KiB。

## 影响
这样长的行通常是丢了换行符，多条记录连成了一行。

## 修正方法
请检查该行附近的换行符。",
            "\
## What it checks
Whether every line is within 64 KiB.

## Why it matters
A line that long is mostly many records run together for want of line ends.

## How the provider fixes it
Look at the line ends round it.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        for oversized in &file.parsed.oversized {
            let line = u64::from(oversized.line) + 1;
            sink.report(file.feed, &[line], || {
                let bytes = oversized.bytes;
                NewFinding::new(
                    format!("本行有 {bytes} 字节，上限为 65536 字节"),
                    format!("the line has {bytes} bytes; 65536 are allowed"),
                )
                .key(file.row(line).and_then(|row| file.key(row)))
            });
        }
    }
}
