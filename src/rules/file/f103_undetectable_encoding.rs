//! F103 undetectable-encoding: no candidate encoding decodes it acceptably.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::Unparsable;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F103",
        name: "undetectable-encoding",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("无法识别文件编码", "no candidate encoding decodes it acceptably"),
        example: Example { header: "", defect: "A01|\\xC1\\xF5|1\nA02|\\xE9\\x99\\x88|1", mended: "A01|\\xC1\\xF5|1\nA02|\\xB3\\xC2|1" },
        docs: Message::fixed(
            "\
## 检查内容
文件能否按 UTF-8、GB18030 或带 BOM 的 UTF-16 解码。

## 影响
编码不明的文件只能读出乱码；这类文件往往是压缩包、Excel 文件或传输损坏的文件。

## 修正方法
请以 GB18030 或 UTF-8 文本导出，并以二进制方式上传。",
            "\
## What it checks
Whether the file decodes as UTF-8, GB18030 or UTF-16 with a byte-order mark.

## Why it matters
A file of unknown encoding can only be read as noise; it is often an archive, a spreadsheet or a damaged transfer.

## How the provider fixes it
Export it as text in GB18030 or UTF-8, and upload it in binary mode.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if let FileState::Unparsable(Unparsable::Encoding(found)) = &file.state {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                let tried: Vec<String> = found
                    .tried
                    .iter()
                    .map(|(encoding, bad, judged)| format!("{encoding} {bad}/{judged}"))
                    .collect();
                let (tried, nul) = (tried.join(", "), found.nul);
                let (hint_zh, hint_en) = if found.looks_like_utf16 {
                    (
                        "；看起来是没有 BOM 的 UTF-16：请提供方加上 BOM，或固定 encoding = \"utf-16le\"",
                        "; it looks like UTF-16 without a byte-order mark: have one written, or pin \
                         encoding = \"utf-16le\"",
                    )
                } else {
                    ("", "")
                };
                NewFinding::new(
                    format!("{name} 不是可识别的文本（无效序列/多字节序列：{tried}；NUL 字节 {nul} 个{hint_zh}）"),
                    format!(
                        "{name} is no text in a known encoding (malformed of multi-byte sequences: \
                         {tried}; NUL bytes: {nul}{hint_en})"
                    ),
                )
            });
        }
    }
}
