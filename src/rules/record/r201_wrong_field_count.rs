//! R201 wrong-field-count: the line splits into more or fewer fields than the header or schema.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::RaggedWhy;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "R201",
        name: "wrong-field-count",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Record,
        summary: Message::fixed("字段数不对", "the line splits into more or fewer fields than the header or schema"),
        example: Example { header: "id|agentName|agentStatus", defect: "A01|刘|洋|1", mended: "A01|刘洋|1" },
        docs: Message::fixed(
            "\
## 检查内容
每一行拆分出的字段数是否与表头（或约定）一致，字段的引号是否闭合。

## 影响
多一个或少一个分隔符，其后的字段全部错位；本程序不补、不截，整行原样隔离。

## 修正方法
请检查该行：值中混入了分隔符或换行，或者末行被截断；请更换分隔符或在导出时清除。",
            "\
## What it checks
Whether every line has as many fields as the header or the contract, and quotes that are closed.

## Why it matters
One delimiter too many or too few shifts all fields behind it; orgsnap neither pads nor cuts but keeps the line aside as it is.

## How the provider fixes it
Look at the line: a value holds the delimiter or a line break, or the file was cut off; clean the value or use another delimiter.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        let wanted = file.parsed.layout.width;
        for ragged in &file.parsed.ragged {
            sink.report(file.feed, &[u64::from(ragged.line) + 1], || {
                let found = ragged.found;
                let delimiter = &file.parsed.layout.delimiter;
                match ragged.why {
                    RaggedWhy::Count if file.parsed.layout.trailing => NewFinding::new(
                        format!(
                            "本行有 {} 个分隔符，应为 {} 个（其余各行都以分隔符结束）",
                            found - 1,
                            wanted - 1
                        ),
                        format!(
                            "the line has {} delimiters instead of {} (all others end with one)",
                            found - 1,
                            wanted - 1
                        ),
                    ),
                    RaggedWhy::Count => NewFinding::new(
                        format!("本行有 {found} 个字段，应为 {wanted} 个"),
                        format!("the line has {found} fields instead of {wanted}"),
                    ),
                    RaggedWhy::Quotable => NewFinding::new(
                        format!(
                            "本行有 {found} 个字段，应为 {wanted} 个；引号若不属于值，字段数就正确：请写 [format] quotes = \"needed\""
                        ),
                        format!(
                            "the line has {found} fields instead of {wanted}, and the right number if its quotes are no part \
                             of the values: [format] quotes = \"needed\""
                        ),
                    ),
                    RaggedWhy::Behind => NewFinding::new(
                        "行尾的分隔符之后还有内容，其余各行都没有",
                        "something stands behind the delimiter at the line end, as on no other line",
                    ),
                    RaggedWhy::Quote => NewFinding::new(
                        format!("字段开头的引号没有在字段结尾（“{delimiter}”之前）闭合"),
                        format!(
                            "a quote at the beginning of a field is not closed at its end, before \"{delimiter}\""
                        ),
                    ),
                }
            });
        }
    }
}
