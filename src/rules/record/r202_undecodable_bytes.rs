//! R202 undecodable-bytes: the line holds bytes that the file's encoding cannot decode.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "R202",
        name: "undecodable-bytes",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Record,
        summary: Message::fixed(
            "有无法解码的字节",
            "the line holds bytes that the file's encoding cannot decode",
        ),
        example: Example {
            header: "id|agentName|agentStatus",
            defect: "A01|刘\\xD1|1",
            mended: "A01|刘洋|1",
        },
        docs: Message::fixed(
            "\
## 检查内容
每一行的字节能否按文件的编码解码；给出字节位置。

## 影响
无效字节会让姓名变成乱码，也可能吞掉后面的分隔符。

## 修正方法
请检查该处：常见原因是按字节截断汉字，或混用了两种编码。",
            "\
## What it checks
Whether the bytes of every line decode in the file's encoding; gives the byte offset.

## Why it matters
Bad bytes turn names into noise and can swallow the delimiter behind them.

## How the provider fixes it
Look at that place: usually a character cut in half, or two encodings mixed.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        let encoding = file.parsed.lines.detected().name();
        for bytes in file.parsed.undecoded.chunk_by(|a, b| a.line == b.line) {
            let first = bytes[0];
            let line = u64::from(first.line) + 1;
            sink.report(file.feed, &[line], || {
                let (count, offset) = (bytes.len(), first.offset);
                let places = match count {
                    1 => "one place of the line is not".to_owned(),
                    count => format!("{count} places of the line are not"),
                };
                let key = file.row(line).and_then(|row| file.key(row));
                let finding = NewFinding::new(
                    format!("本行有 {count} 处字节不是 {encoding}，第一处在文件的第 {offset} 字节（从 0 起）"),
                    format!("{places} {encoding}, the first at byte {offset} of the file (from 0)"),
                )
                .key(key);
                match first.field {
                    Some(field) => finding.field(&file.schema.fields[usize::from(field)].name),
                    None => finding,
                }
            });
        }
    }
}
