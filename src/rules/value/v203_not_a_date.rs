//! V203 not-a-date: date cell that no accepted format reads, or an impossible date.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::CellFaultKind;
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

use super::cells::report_cells;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V203",
        name: "not-a-date",
        level: Level::Error,
        floor: Level::Error,
        disposition: Disposition::Quarantine,
        group: Group::Value,
        summary: Message::fixed("不是日期", "date cell that no accepted format reads, or an impossible date"),
        example: Example { header: "id|agentName|enterCompanyDate", defect: "A01|刘洋|2024-02-30", mended: "A01|刘洋|2024-02-29" },
        docs: Message::fixed(
            "\
## 检查内容
日期字段能否按 YYYY-MM-DD（也接受含义唯一的其他写法，见 V205）或任务文件声明的写法读出，且确有此日。日月次序不明、两位年份和电子表格的序号不猜。

## 影响
不能读作日期的值无法入库，也无法按日期查询。

## 修正方法
请按 YYYY-MM-DD 填写；没有日期时请留空，不要写 0000-00-00。",
            "\
## What it checks
Whether date cells read as YYYY-MM-DD (or in another form that can mean one day only, see V205, or one that the job declares) and the day exists. Unclear orders of day and month, years of two digits and spreadsheet serials are not guessed.

## Why it matters
What cannot be read as a date cannot be stored nor asked for by date.

## How the provider fixes it
Deliver YYYY-MM-DD; leave the cell empty where there is no date, never 0000-00-00.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::NotADate, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("{name}（{title}）应为日期，实为“{value}”"),
            format!("{name} ({title}) must be a date, not \"{value}\""),
        )
    });
}
