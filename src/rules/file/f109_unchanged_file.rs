//! F109 unchanged-file: byte for byte the one published before.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F109",
        name: "unchanged-file",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed("文件与上次发布的逐字节相同", "byte for byte the one published before"),
        example: Example { header: "", defect: "temp_agent.txt  2024-11-22  sha256 9f86d081...\ntemp_agent.txt  2024-11-23  sha256 9f86d081...", mended: "temp_agent.txt  2024-11-22  sha256 9f86d081...\ntemp_agent.txt  2024-11-23  sha256 60303ae2..." },
        docs: Message::fixed(
            "\
## 检查内容
文件内容是否与上一个业务日期已发布的文件逐字节相同。

## 影响
机构文件几天不变很正常；代理人文件不变，通常是提供方的导出任务没有运行。从服务器获取的四个文件都不变时，视为批次尚未更新，不会发布。

## 修正方法
请确认当天的导出任务已经运行；确实没有变化时无需处理。",
            "\
## What it checks
Whether the content is, to the byte, that of the file published for the business date before.

## Why it matters
Organisations may stay the same for days; agents that do mostly mean that an export did not run. If all
four files of a server are unchanged, the delivery counts as not refreshed yet and is not published.

## How the provider fixes it
Make sure that the day's export has run; if nothing has changed indeed, there is nothing to do.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    let Some(published) = &context.delivery.background.published else { return };
    for file in &context.delivery.files {
        if file.sha256.is_some() && file.sha256 == published.files[file.feed].sha256 {
            sink.report(file.feed, &[], || {
                let (name, date) = (&file.name, published.date);
                NewFinding::new(
                    format!("{name} 与已发布的 {date} 的文件逐字节相同"),
                    format!("{name} is byte for byte the file published for {date}"),
                )
            });
        }
    }
}
