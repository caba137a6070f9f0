//! K302 repeated-row: key repeated with an identical record (kept once).

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::repeats::repeats;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "K302",
        name: "repeated-row",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Key,
        summary: Message::fixed(
            "记录完全重复",
            "key repeated with an identical record (kept once)",
        ),
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "A01|刘洋|1\nA01|刘洋|1",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
同一主键是否以完全相同的内容出现多次（去除首尾空白后逐字段比较）。

## 影响
重复的行不影响结果，但说明导出有问题；本程序保留第一行。

## 修正方法
请检查导出的关联条件，去掉重复。",
            "\
## What it checks
Whether a key comes again with the very same record, cell by cell after trimming.

## Why it matters
Repeated rows do no harm but show a fault in the export; the first is kept.

## How the provider fixes it
Look at the joins of the export and remove the repetition.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for (file, repeat) in repeats(context).filter(|(_, repeat)| repeat.identical) {
        sink.report(file.feed, &repeat.lines, || {
            let (key, count) = (&repeat.key, repeat.lines.len());
            NewFinding::new(
                format!("主键 {key} 的同一记录出现 {count} 次，保留第一次"),
                format!("the same record of key {key} comes {count} times; the first is kept"),
            )
            .key(Some(key))
        });
    }
}
