//! B707 recruited-before-recruiter: enterCompanyDate earlier than the recruiter's.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::values::iso;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B707",
        name: "recruited-before-recruiter",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("进入公司早于增员人", "enterCompanyDate earlier than the recruiter's"),
        example: Example { header: "id|recommendByAgentId|enterCompanyDate", defect: "A01||2009-12-01\nA02|A01|2008-05-06", mended: "A01||2009-12-01\nA02|A01|2010-05-06" },
        docs: Message::fixed(
            "\
## 检查内容
代理人的进入公司日期是否不早于其增员人的进入公司日期（两条记录都须有效）。

## 影响
增员人不可能在自己入司之前增员；通常是增员人填错，增员链因此指向错误的人。

## 修正方法
请改正增员人，或改正进入公司日期；增员人再次入司的，请保留首次的进入公司日期。",
            "\
## What it checks
Whether an agent's entry date is not before that of the recruiter; both records have to be accepted ones.

## Why it matters
Nobody recruits before joining; mostly the recruiter is wrong, and the chain of recruits leads to the wrong person.

## How the provider fixes it
Correct the recruiter or the entry date; deliver the first entry date of recruiters who joined again.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let recruiters = context.references(Feed::Agent, "recommendByAgentId");
    let entered = agents.cells("enterCompanyDate");
    for row in agents.iter() {
        let Some(recruiter) = recruiters.target(row) else { continue };
        let (Some(own), Some(theirs)) = (entered.date(row), entered.date(recruiter)) else {
            continue;
        };
        if own >= theirs {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            let related = agents.related(recruiter);
            let (own, theirs, key) = (iso(own), iso(theirs), &related.key);
            NewFinding::new(
                format!("进入公司日期 {own} 早于增员人 {key} 的进入公司日期 {theirs}"),
                format!("entered on {own}, before the recruiter {key} ({theirs})"),
            )
            .key(agents.file.key(row))
            .field("enterCompanyDate")
            .value(agents.delivered(row, "enterCompanyDate"))
            .related(vec![related])
        });
    }
    Ok(())
}
