//! F115 ambiguous-quotes: quotes round cells can be read in two ways.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::Quoting;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F115",
        name: "ambiguous-quotes",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed("引号可有两种读法", "quotes round cells can be read in two ways"),
        example: Example { header: "id|agentName|gender", defect: "A01|\"刘洋|1", mended: "A01|刘洋|1" },
        docs: Message::fixed(
            "\
## 检查内容
是否有的行，单元格两端的引号既可以是 CSV 的引号（不属于值），也可以是文字（属于值）；并说明采用了哪一种。

## 影响
两种读法得到的值不同。

## 修正方法
请说明引号的用法；集成方可在任务文件中以 [format] quotes 写明。",
            "\
## What it checks
Whether lines have cells whose quotes may be those of CSV (no part of the value) or text (part of it), and which reading was taken.

## Why it matters
The two readings give different values.

## How the provider fixes it
Say what the quotes are; the integrator can pin it by `[format] quotes` in the job file.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        let Some(ambiguous) = file.parsed.ambiguous_quotes else { continue };
        let lines = ambiguous.lines;
        sink.report_affected(file.feed, &[ambiguous.line as u64 + 1], lines, || {
            let (zh, en) = match ambiguous.taken {
                Quoting::Text => ("文字（保留在值中）；若不属于值，请写", "text; if they are no part of the values, write"),
                Quoting::Needed | Quoting::Always => (
                    "CSV 的引号（不属于值）；若是文字，请写",
                    "quotes of CSV, no part of the values; if they are text, write",
                ),
            };
            let other = match ambiguous.taken {
                Quoting::Text => "needed",
                Quoting::Needed | Quoting::Always => "none",
            };
            NewFinding::new(
                format!("{lines} 行中单元格两端的引号可有两种读法，已当作 {zh} [format] quotes = \"{other}\""),
                format!(
                    "quotes round cells on {lines} line(s) can be read in two ways and were taken for {en} \
                     [format] quotes = \"{other}\""
                ),
            )
        });
    }
}
