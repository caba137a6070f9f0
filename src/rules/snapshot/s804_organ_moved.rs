//! S804 organ-moved: parentId changed; gives the number of agents below.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, Rule, Sink, SnapshotContext, Unreadable};

use super::agents_below::agents_below;
use super::changed::{Changed, changed, shown};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "S804",
        name: "organ-moved",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Snapshot,
        summary: Message::fixed("机构换了上级", "parentId changed; gives the number of agents below"),
        example: Example { header: "", defect: "2024-11-22  86010102|五道口支公司|860101|...\n2024-11-23  86010102|五道口支公司|8601|...", mended: "2024-11-22  86010102|五道口支公司|860101|...\n2024-11-23  86010102|五道口支公司|860101|..." },
        docs: Message::fixed(
            "\
## 检查内容
机构的上级是否与上一快照相同；给出其下代理人的数量。

## 影响
机构调整会移动其下所有团队和代理人，值得核对；成批出现时通常是上级标识导出有误。

## 修正方法
若确有调整，无需处理；否则请改正上级标识。",
            "\
## What it checks
Whether an organisation has the parent of the last snapshot; gives the number of agents in it and below.

## Why it matters
Such a move takes all teams and agents below along and is worth a look; in numbers it is mostly a fault in the export of the parents.

## How the provider fixes it
Nothing, if it was moved; else correct the parent.",
        ),
    },
    check: Check::Snapshot(check),
};

fn check(context: &SnapshotContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let Changed { rows: organs, previous, mut pairs } = changed(context, Feed::Organ)?;
    let parents = organs.cells("parentId");
    pairs.retain(|(row, before)| parents.text(*row) != previous.cell(*before, "parentId"));
    if pairs.is_empty() {
        return Ok(());
    }
    let date = context.previous.date;
    let agents = agents_below(&context.rows, Feed::Organ, "workingOrganId")?;
    for (row, before) in pairs {
        let below = agents.get(organs.position(row)).copied().unwrap_or_default();
        sink.report_affected(Feed::Organ, &[organs.file.line(row)], below.into(), || {
            let (old, new) = (previous.cell(before, "parentId"), parents.text(row));
            NewFinding::new(
                format!("上级机构由 {} 变为 {}（与 {date} 的快照相比），其下有 {below} 名代理人", shown(old).zh, shown(new).zh),
                format!("the parent went from {} to {} since the snapshot of {date}; {below} agent(s) below", shown(old).en, shown(new).en),
            )
            .key(organs.file.key(row))
            .field("parentId")
            .value(organs.delivered(row, "parentId"))
        });
    }
    Ok(())
}
