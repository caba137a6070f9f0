//! F116 skipped-header: the header is on a line that was declared to be no data.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::{SkippedBy, Unparsable};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F116",
        name: "skipped-header",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("表头被当作非数据行跳过", "the header is on a line that was declared to be no data"),
        example: Example {
            header: "",
            defect: "id|agentName|gender",
            mended: "20240101|NIGHTLY\nid|agentName|gender",
        },
        docs: Message::fixed(
            "\
## 检查内容
任务文件或结构声明跳过的行（skip_lines、comment）中是否有一行是表头，而文件中没有别的表头。

## 影响
没有表头就只能按列的位置读取；列的次序一变，值就会读到别的字段里，所以整个文件不读。

## 修正方法
请照约定交付表头之前的那些行；如果导出已不再写这些行，集成方可改小 [format] skip_lines，或删除 comment。",
            "\
## What it checks
Whether a line that the job or the schema has skipped (`skip_lines`, `comment`) is a header while the file has no other one.

## Why it matters
Without a header columns can only be read by position; values would end up in other fields as soon as their order changes, so the file is not read at all.

## How the provider fixes it
Deliver the lines above the header as agreed; if the export no longer writes them, the integrator lowers `[format] skip_lines` or takes `comment` out.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.delivery.files.iter() {
        let FileState::Unparsable(Unparsable::SkippedHeader(header, _)) = &file.state else {
            continue;
        };
        let line = header.line as u64 + 1;
        sink.report(file.feed, &[line], || {
            let name = &file.name;
            let (zh, en) = match header.by {
                SkippedBy::SkipLines => (
                    format!("请检查 [format] skip_lines，应不大于 {}", header.line),
                    format!("check [format] skip_lines, which must be {} at most", header.line),
                ),
                SkippedBy::Comment => {
                    ("请检查 [format] comment".to_owned(), "check [format] comment".to_owned())
                }
            };
            NewFinding::new(
                format!("{name} 第 {line} 行是表头，却按声明跳过了，文件中没有别的表头；未按列的位置读取；{zh}"),
                format!(
                    "line {line} of {name} is its header and was skipped as declared, and there is no other one; the file \
                     was not read by the position of its columns; {en}"
                ),
            )
        });
    }
}
