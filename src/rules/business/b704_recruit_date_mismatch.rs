//! B704 recruit-date-mismatch: recommendDate and enterCompanyDate both present and different.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::iso;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B704",
        name: "recruit-date-mismatch",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed(
            "增员日期与进入公司日期不同",
            "recommendDate and enterCompanyDate both present and different",
        ),
        example: Example {
            header: "id|recommendDate|enterCompanyDate",
            defect: "A02|2010-01-06|2010-05-06",
            mended: "A02|2010-05-06|2010-05-06",
        },
        docs: Message::fixed(
            "\
## 检查内容
增员日期和进入公司日期都有值时是否相同。

## 影响
按约定两者是同一天；增员奖励按增员日期计算，不一致时金额会有争议。

## 修正方法
请确认正确的日期，并统一两个字段。",
            "\
## What it checks
Whether the day of recruitment and the entry date are the same where both are filled.

## Why it matters
By contract they are one day; what recruiting pays goes by it, and two dates make it disputed.

## How the provider fixes it
Find out which date is right and deliver it in both fields.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let (recruited, entered) = (agents.cells("recommendDate"), agents.cells("enterCompanyDate"));
    for row in agents.iter() {
        let (Some(one), Some(other)) = (recruited.date(row), entered.date(row)) else { continue };
        if one == other {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            let (one, other) = (iso(one), iso(other));
            NewFinding::new(
                format!("增员日期 {one} 与进入公司日期 {other} 不同"),
                format!("the day of recruitment, {one}, is not the entry date, {other}"),
            )
            .key(agents.file.key(row))
            .field("recommendDate")
            .value(agents.delivered(row, "recommendDate"))
        });
    }
    Ok(())
}
