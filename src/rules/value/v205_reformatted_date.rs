//! V205 reformatted-date: accepted in a form other than YYYY-MM-DD (published as YYYY-MM-DD).

use crate::config::schema::Kind;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_reformatted;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V205",
        name: "reformatted-date",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("日期不是 YYYY-MM-DD，已改写", "accepted in a form other than YYYY-MM-DD (published as YYYY-MM-DD)"),
        example: Example { header: "id|agentName|enterCompanyDate", defect: "A01|刘洋|20091201", mended: "A01|刘洋|2009-12-01" },
        docs: Message::fixed(
            "\
## 检查内容
日期是否按 YYYY-MM-DD 填写；含义唯一的其他写法（YYYYMMDD、YYYY/M/D、YYYY.M.D、YYYY年M月D日、后带时间）也接受。任务文件声明的写法不计。

## 影响
已读出并改写为 YYYY-MM-DD；写法不一，容易在别处读错。

## 修正方法
可以不改；如方便，请统一为 YYYY-MM-DD。",
            "\
## What it checks
Whether dates are written YYYY-MM-DD; other forms that can mean one day only (YYYYMMDD, YYYY/M/D, YYYY.M.D, with the Chinese words for year, month and day, with a time) are accepted. Forms that the job declares are no finding.

## Why it matters
They were read, and published as YYYY-MM-DD; where forms are mixed, others may misread them.

## How the provider fixes it
Nothing need be done; if it is easy, write YYYY-MM-DD throughout.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_reformatted(
        context,
        sink,
        |kind| matches!(kind, Kind::Date(_)),
        |field, value, read| {
            let (name, title) = (&field.name, &field.title.zh);
            NewFinding::new(
                format!("{name}（{title}）写作“{value}”，已读作 {read}"),
                format!("{name} ({title}) is written \"{value}\" and was read as {read}"),
            )
        },
    );
}
