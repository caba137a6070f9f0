//! S802 identity-changed: same agent id, and name, gender and enterCompanyDate all differ.

use chrono::NaiveDate;

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, Rule, Sink, SnapshotContext, Unreadable};

use super::changed::{Changed, changed};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "S802",
        name: "identity-changed",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Snapshot,
        summary: Message::fixed("同一编号换了人", "same agent id, and name, gender and enterCompanyDate all differ"),
        example: Example { header: "", defect: "2024-11-22  A05|吴磊|1|1|...|2014-11-12|...\n2024-11-23  A05|郑爽|1|2|...|2024-11-20|...", mended: "2024-11-22  A05|吴磊|1|1|...|2014-11-12|...\n2024-11-23  A05|吴磊|2|1|...|2014-11-12|2024-11-19\n2024-11-23  A06|郑爽|1|2|...|2024-11-20|..." },
        docs: Message::fixed(
            "\
## 检查内容
同一代理人编号的姓名、性别、进入公司日期是否与上一快照相比全部改变（两次都有值才比较）。

## 影响
编号被重新分配给另一个人时，前任的增员关系、团队和历史会全部算到新人名下。

## 修正方法
请为新人使用新的编号，并保留原代理人的记录；若为资料更正，可忽略此提示。",
            "\
## What it checks
Whether name, gender and entry date of one agent id all differ from the last snapshot; each is compared where both have a value.

## Why it matters
An id that is given to another person brings that person the recruits, the team and the history of the former one.

## How the provider fixes it
Give new people new ids and keep the record of the former agent; if the data were corrected, there is nothing to do.",
        ),
    },
    check: Check::Snapshot(check),
};

fn check(context: &SnapshotContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let Changed { rows: agents, previous, pairs } = changed(context, Feed::Agent)?;
    let date = context.previous.date;
    let (names, genders) = (agents.cells("agentName"), agents.cells("gender"));
    let entered = agents.cells("enterCompanyDate");
    for (row, before) in pairs {
        let cell = |field| previous.cell(before, field);
        let (Some(name), Some(gender), Some(entry)) = (
            names.text(row),
            genders.int(row),
            entered.date(row).and_then(NaiveDate::from_epoch_days),
        ) else {
            continue;
        };
        let (gender, entry) = (gender.to_string(), entry.to_string());
        let (Some(old_name), Some(old_gender), Some(old_entry)) =
            (cell("agentName"), cell("gender"), cell("enterCompanyDate"))
        else {
            continue;
        };
        if old_name == name || old_gender == gender || old_entry == entry {
            continue;
        }
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            NewFinding::new(
                format!("与上一快照（{date}）相比，姓名由“{old_name}”变为“{name}”，性别由 {old_gender} 变为 {gender}，进入公司日期由 {old_entry} 变为 {entry}"),
                format!("since the last snapshot ({date}) the name went from \"{old_name}\" to \"{name}\", the gender from {old_gender} to {gender}, the entry date from {old_entry} to {entry}"),
            )
            .key(agents.file.key(row))
            .field("agentName")
            .value(agents.delivered(row, "agentName"))
            .names([old_name, name])
        });
    }
    Ok(())
}
