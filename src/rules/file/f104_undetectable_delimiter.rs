//! F104 undetectable-delimiter: no candidate delimiter fits the schema.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::Unparsable;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F104",
        name: "undetectable-delimiter",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("无法识别分隔符", "no candidate delimiter fits the schema"),
        example: Example { header: "", defect: "A01 刘洋 1\nA02|陈静|1", mended: "A01|刘洋|1\nA02|陈静|1" },
        docs: Message::fixed(
            "\
## 检查内容
是否存在一种分隔符，能将各行拆分为约定的字段，且整数、日期字段可以解析。

## 影响
分隔符错了，每个字段都会错位。

## 修正方法
请使用一种不会出现在数据中的分隔符（如 | 或 |+|），全文件一致；如用特殊分隔符，请通知集成方在任务文件中写明。",
            "\
## What it checks
Whether some delimiter cuts the lines into the fields of the contract so that integers and dates can be read.

## Why it matters
With the wrong delimiter every field lands in the wrong place.

## How the provider fixes it
Use one delimiter that never occurs in the data (such as | or |+|) throughout; name a special one to the integrator, who can pin it in the job file.",
        ),
    },
    check: Check::Lines(check),
};

/// Maximum number of delimiter candidates in the message.
const SHOWN: usize = 6;

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if let FileState::Unparsable(Unparsable::Layout(found, _)) = &file.state {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                let wanted = found.wanted;
                let tried = |fields: &str, lines: &str, types: &str| -> String {
                    let one = |tried: &crate::parse::Candidate| {
                        format!(
                            "\"{}\": {} {fields}, {lines} {:.0}%, {types} {:.0}%",
                            tried.delimiter.escape_default(),
                            tried.width,
                            tried.lines_fit * 100.0,
                            tried.types_fit * 100.0,
                        )
                    };
                    found.tried.iter().take(SHOWN).map(one).collect::<Vec<_>>().join("; ")
                };
                let none = found.tried.is_empty();
                let (zh, en) = if none {
                    ("没有任何候选分隔符能拆分出字段".to_owned(), "none splits a line".to_owned())
                } else {
                    (tried("列", "行符合", "类型符合"), tried("fields", "lines fit", "types fit"))
                };
                NewFinding::new(
                    format!("{name} 找不到合适的分隔符，应有 {wanted} 列；已尝试：{zh}"),
                    format!(
                        "no delimiter fits {name}, which should have {wanted} fields; tried: {en}"
                    ),
                )
            });
        }
    }
}
