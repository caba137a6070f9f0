//! K303 conflicting-key: key repeated with different records (all of them).

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::repeats::repeats;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "K303",
        name: "conflicting-key",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Quarantine,
        group: Group::Key,
        summary: Message::fixed(
            "同一主键有不同记录",
            "key repeated with different records (all of them)",
        ),
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "A01|刘洋|1\nA01|刘洋|2",
            mended: "A01|刘洋|2",
        },
        docs: Message::fixed(
            "\
## 检查内容
同一主键是否以不同的内容出现多次。

## 影响
无法知道哪一条是真的，因此全部隔离。

## 修正方法
请在源系统确认正确的一条，只导出它。",
            "\
## What it checks
Whether a key comes again with another record.

## Why it matters
Nobody can tell which one is true, so all of them are kept aside.

## How the provider fixes it
Settle in the source system which one is right, and export that one alone.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for (file, repeat) in repeats(context).filter(|(_, repeat)| !repeat.identical) {
        sink.report(file.feed, &repeat.lines, || {
            let (key, count) = (&repeat.key, repeat.lines.len());
            NewFinding::new(
                format!("主键 {key} 有 {count} 条记录，内容不同，全部隔离"),
                format!("key {key} has {count} records that differ; all are kept in quarantine"),
            )
            .key(Some(key))
        });
    }
}
