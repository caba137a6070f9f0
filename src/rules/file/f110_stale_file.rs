//! F110 stale-file: older than the job's freshness.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F110",
        name: "stale-file",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::File,
        summary: Message::fixed("文件的修改时间过旧", "older than the job's freshness"),
        example: Example { header: "", defect: "temp_agent.txt  2024-11-20 02:10", mended: "temp_agent.txt  2024-11-23 02:10" },
        docs: Message::fixed(
            "\
## 检查内容
文件在数据源上的修改时间，距运行开始是否超过任务的 freshness（不设则不检查）。

## 影响
过旧的文件通常是前一天的，当天的导出或上传没有完成。

## 修正方法
请确认当天的文件已经生成并上传；服务器的时钟和时区也请核对。",
            "\
## What it checks
Whether the file was modified at its source longer before the run than the job's `freshness` (not checked
without one).

## Why it matters
An old file is mostly yesterday's: today's export or upload did not end.

## How the provider fixes it
Make sure that today's file was made and uploaded; check the server's clock and time zone too.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    let background = &context.delivery.background;
    let Some(freshness) = background.freshness else { return };
    for file in &context.delivery.files {
        let Some(mtime) = file.mtime else { continue };
        // A time to come, by a clock that is ahead or in another zone, is not old.
        let age = (background.now - mtime).to_std().unwrap_or_default();
        if age > freshness {
            sink.report(file.feed, &[], || {
                let (name, shown) = (&file.name, mtime.format("%Y-%m-%d %H:%M:%S"));
                let (hours, limit) = (age.as_secs() / 3600, freshness.as_secs_f64() / 3600.0);
                NewFinding::new(
                    format!(
                        "{name} 的修改时间是 {shown} UTC，已过 {hours} 小时，超过 {limit} 小时"
                    ),
                    format!(
                        "{name} was modified at {shown} UTC, {hours} hours ago, over the limit of \
                         {limit} hours"
                    ),
                )
                .value(Some(shown.to_string()))
            });
        }
    }
}
