//! B703 left-before-entering: leaveCompanyDate < enterCompanyDate.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::iso;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B703",
        name: "left-before-entering",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("离职日期早于进入公司日期", "leaveCompanyDate < enterCompanyDate"),
        example: Example {
            header: "id|enterCompanyDate|leaveCompanyDate",
            defect: "A03|2012-07-08|2010-01-31",
            mended: "A03|2012-07-08|2015-01-31",
        },
        docs: Message::fixed(
            "\
## 检查内容
离职日期是否不早于进入公司日期。

## 影响
司龄为负数，该代理人在任何一天都不在职。

## 修正方法
请改正两个日期中的一个；再次入司的代理人，请清空旧的离职日期。",
            "\
## What it checks
Whether the leaving date is not before the entry date.

## Why it matters
The years of service are negative, and the agent was at work on no day at all.

## How the provider fixes it
Correct one of the two dates; clear the old leaving date of agents who joined again.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let (entered, left) = (agents.cells("enterCompanyDate"), agents.cells("leaveCompanyDate"));
    for row in agents.iter() {
        let (Some(from), Some(to)) = (entered.date(row), left.date(row)) else { continue };
        if to >= from {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            let (from, to) = (iso(from), iso(to));
            NewFinding::new(
                format!("离职日期 {to} 早于进入公司日期 {from}"),
                format!("the leaving date {to} is before the entry date {from}"),
            )
            .key(agents.file.key(row))
            .field("leaveCompanyDate")
            .value(agents.delivered(row, "leaveCompanyDate"))
        });
    }
    Ok(())
}
