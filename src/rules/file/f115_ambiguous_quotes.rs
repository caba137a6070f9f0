//! F115 ambiguous-quotes: quotes round cells can be read in two ways.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::{QuoteDoubt, Quoting};
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
            let as_csv = ambiguous.taken != Quoting::Text;
            let other = if as_csv { "none" } else { "needed" };
            let (taken_zh, taken_en) = match as_csv {
                true => (
                    "CSV 的引号（不属于值）；若是文字，请写",
                    "quotes of CSV, no part of the values; if they are text, write",
                ),
                false => (
                    "文字（保留在值中）；若不属于值，请写",
                    "text; if they are no part of the values, write",
                ),
            };
            let (zh, en) = match ambiguous.doubt {
                QuoteDoubt::BothWays => (
                    format!("{lines} 行中单元格两端的引号可有两种读法"),
                    format!("quotes round cells on {lines} line(s) can be read in two ways and were"),
                ),
                QuoteDoubt::OtherWay if as_csv => (
                    format!("{lines} 行中单元格开头的引号没有闭合，只有当作文字才读得通，其余各行的引号则相反"),
                    format!(
                        "{lines} line(s) with a quote that is not closed fit only if quotes are text, other lines only if \
                         they are not; they were"
                    ),
                ),
                QuoteDoubt::OtherWay => (
                    format!("{lines} 行的引号中有分隔符，只有当作 CSV 的引号才读得通，其余各行的引号则相反"),
                    format!(
                        "{lines} line(s) with a delimiter within quotes fit only if quotes are those of CSV, other lines \
                         only if they are text; they were"
                    ),
                ),
            };
            NewFinding::new(
                format!("{zh}，已当作 {taken_zh} [format] quotes = \"{other}\""),
                format!("{en} taken for {taken_en} [format] quotes = \"{other}\""),
            )
        });
    }
}
