//! V206 implausible-date: before 1949-10-01 or after the business date.

use chrono::NaiveDate;
use polars_arrow::array::Array;

use crate::model::{Column, Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V206",
        name: "implausible-date",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("日期早于 1949-10-01 或晚于业务日期", "before 1949-10-01 or after the business date"),
        example: Example { header: "id|agentName|leaveCompanyDate", defect: "A03|杨帆|2099-12-31", mended: "A03|杨帆|2015-01-31" },
        docs: Message::fixed(
            "\
## 检查内容
能读出的日期是否不早于 1949-10-01，且不晚于本批次的业务日期（被隔离的行也检查）。

## 影响
这样的日期通常是占位值（如 1900-01-01、2099-12-31）或录入错误，会使司龄和按日期的统计出错。

## 修正方法
请填写真实日期；没有日期时请留空。若业务日期有误，请用 --date 指定。",
            "\
## What it checks
Whether every date that can be read is neither before 1949-10-01 nor after the business date of the delivery; rows in quarantine are looked at too.

## Why it matters
Such dates are mostly placeholders (1900-01-01, 2099-12-31) or slips, and they spoil years of service and all figures by date.

## How the provider fixes it
Deliver the true date; leave the cell empty where there is none. If the business date is wrong, state it with --date.",
        ),
    },
    check: Check::Lines(check),
};

/// 1949-10-01, in days since 1970-01-01.
const FIRST: i32 = -7397;

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    let business_date = context.delivery.background.date;
    let last = business_date.map_or(i32::MAX, |date| date.to_epoch_days());
    for file in context.readable() {
        let dates = file.schema.fields.iter().filter_map(|field| {
            match file.parsed.table.column(&field.name) {
                Some(Column::Date(column)) => Some((field, column)),
                _ => None,
            }
        });
        let dates: Vec<_> = dates.collect();
        for row in 0..file.parsed.table.len() as u32 {
            for (field, column) in &dates {
                let at = row as usize;
                let days = column.value(at);
                if (FIRST..=last).contains(&days) || column.is_null(at) {
                    continue;
                }
                sink.report(file.feed, &[file.line(row)], || {
                    let (name, title) = (&field.name, &field.title.zh);
                    let date = NaiveDate::from_epoch_days(days).unwrap_or_default();
                    let (zh, en) = match business_date {
                        Some(business) if days > last => (
                            format!("晚于业务日期 {business}"),
                            format!("after the business date, {business}"),
                        ),
                        _ => ("早于 1949-10-01".to_owned(), "before 1949-10-01".to_owned()),
                    };
                    let position = file.schema.position(name);
                    NewFinding::new(
                        format!("{name}（{title}）为 {date}，{zh}"),
                        format!("{name} ({title}) is {date}, {en}"),
                    )
                    .key(file.key(row))
                    .field(name)
                    .value(position.and_then(|position| file.delivered(row, position)))
                });
            }
        }
    }
}
