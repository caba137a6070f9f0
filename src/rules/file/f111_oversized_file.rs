//! F111 oversized-file: larger than the job's limit.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F111",
        name: "oversized-file",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("文件超过大小上限", "larger than the job's limit"),
        example: Example { header: "", defect: "temp_agent.txt  6.2 GiB", mended: "temp_agent.txt  120 MiB" },
        docs: Message::fixed(
            "\
## 检查内容
文件大小是否在任务的上限之内（默认 4 GiB）。

## 影响
过大的文件通常是导错了内容，读入还会耗尽机器内存。

## 修正方法
请确认导出内容；如确需更大，请集成方在任务文件的 [limits] 中调整 max_file_size。",
            "\
## What it checks
Whether the file is within the job's limit (4 GiB by default).

## Why it matters
A file far too large is mostly the wrong export, and reading it could exhaust the machine.

## How the provider fixes it
Check what was exported; if it must be larger, the integrator raises max_file_size in [limits] of the job file.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if let FileState::Oversized { size, limit } = file.state {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                NewFinding::new(
                    format!("{name} 有 {size} 字节，超过上限 {limit} 字节，未读取"),
                    format!(
                        "{name} has {size} bytes, over the limit of {limit} bytes; it was not read"
                    ),
                )
                .value(Some(size.to_string()))
            });
        }
    }
}
