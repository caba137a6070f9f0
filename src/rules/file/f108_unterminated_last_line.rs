//! F108 unterminated-last-line: no newline at the end.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F108",
        name: "unterminated-last-line",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed("末行没有换行符", "no newline at the end"),
        example: Example {
            header: "",
            defect: "A04|周婷|1|2|...|86010101|中关村支",
            mended: "A04|周婷|1|2|...|86010101|中关村支公司\\r\\n",
        },
        docs: Message::fixed(
            "\
## 检查内容
文件是否以换行符结束。

## 影响
末行没有换行常常是上传中断的痕迹；末行若缺字段，另见 R201。

## 修正方法
请确认文件完整，并在末行后写换行符。",
            "\
## What it checks
Whether the file ends with a line end.

## Why it matters
A missing line end is often the trace of a cut-off upload; a short last line is R201 besides.

## How the provider fixes it
Make sure that the file is whole, and end its last line.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        if !file.parsed.lines.terminated() {
            sink.report(file.feed, &[file.parsed.lines.len() as u64], || {
                let name = &file.schema.file_name;
                NewFinding::new(
                    format!("{name} 的末行没有换行符，上传可能中断过"),
                    format!(
                        "the last line of {name} has no line end; the upload may have been cut off"
                    ),
                )
            });
        }
    }
}
