//! B710 organ-not-lowest: node.organId or agent.workingOrganId has children in the organ forest.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B710",
        name: "organ-not-lowest",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed("团队或代理人所属机构不是最低级", "node.organId or agent.workingOrganId has children in the organ forest"),
        example: Example { header: "id|nodeName|organId", defect: "N112|星火二组|860101", mended: "N112|星火二组|86010101" },
        docs: Message::fixed(
            "\
## 检查内容
团队的所属机构和代理人的隶属机构是否没有下级机构（任何有效的机构记录将其填为上级即算有下级）。

## 影响
挂在上级机构上的团队和代理人不属于任何最低级机构，按最低级机构统计时会漏掉。

## 修正方法
请填写最低级的内勤机构。",
            "\
## What it checks
Whether the organisation of a team or an agent has no organisation below it: an accepted record that names it as its parent.

## Why it matters
Teams and agents of an upper organisation belong to no lowest one, and figures by lowest organisation miss them.

## How the provider fixes it
Deliver the lowest organisation.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let organs = context.rows(Feed::Organ)?;
    let schema = &context.delivery.schema;
    let Some(forest) = schema.forests.iter().find(|f| f.feed == Feed::Organ && f.has_levels())
    else {
        return Ok(());
    };
    let parents = context.references(Feed::Organ, &forest.parent);
    // For each organisation one that names it as its parent.
    let mut child: Vec<Option<u32>> = vec![None; organs.file.parsed.table.len()];
    for row in organs.iter() {
        if let Some(parent) = parents.row(row) {
            child[parent as usize].get_or_insert(row);
        }
    }
    let (mut unreadable, mut checked) = (None, false);
    for (feed, field) in [(Feed::Agent, "workingOrganId"), (Feed::Node, "organId")] {
        let rows = match context.rows(feed) {
            Ok(rows) => rows,
            Err(error) => {
                unreadable = Some(error);
                continue;
            }
        };
        checked = true;
        let organ_of = context.references(feed, field);
        for row in rows.iter() {
            let Some(below) = organ_of.row(row).and_then(|organ| child[organ as usize]) else {
                continue;
            };
            sink.report(feed, &[rows.file.line(row)], || {
                let related = organs.related(below);
                let organ = rows.cells(field).text(row).unwrap_or_default();
                let below = &related.key;
                NewFinding::new(
                    format!("所属机构 {organ} 不是最低级机构，其下还有 {below} 等机构"),
                    format!("the organisation {organ} is not a lowest one: {below} is below it"),
                )
                .key(rows.file.key(row))
                .field(field)
                .value(rows.delivered(row, field))
                .related(vec![related])
            });
        }
    }
    match unreadable {
        Some(error) if !checked => Err(error),
        _ => Ok(()),
    }
}
