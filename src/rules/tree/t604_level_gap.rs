//! T604 level-gap: the level is not the parent's + 1 (organ) or the parent's - 1 (node).

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, level};
use crate::model::Related;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T604",
        name: "level-gap",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed("级别与上级不衔接", "the level is not the parent's + 1 (organ) or the parent's - 1 (node)"),
        example: Example { header: "id|nodeName|nodeLevel|parentNodeId", defect: "N110|晨曦部|2|N100\nN112|星火二组|2|N110", mended: "N110|晨曦部|2|N100\nN112|星火二组|1|N110" },
        docs: Message::fixed(
            "\
## 检查内容
机构的级别是否为上级加 1，团队的级别是否为上级减 1（环上的上级关系不检查）。

## 影响
级别不衔接时，按级别统计的结果互相矛盾。

## 修正方法
请改正级别，或改正上级。",
            "\
## What it checks
Whether an office is one level below its parent (parent + 1), a team likewise (parent - 1); edges of cycles are not looked at.

## Why it matters
Where levels do not follow each other, statistics by level contradict each other.

## How the provider fixes it
Correct the level, or the parent.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for Delivered { schema, forest, file, rows } in delivered(context, |f| f.level.is_some())? {
        let Some(declared) = &schema.level else { continue };
        let gap = |(at, parent): (usize, &Option<u32>)| {
            let (row, parent) = (rows[at], rows[parent.as_ref().copied()? as usize]);
            let (own, above) = (level(file, declared, row)?, level(file, declared, parent)?);
            (own != above + declared.step).then_some((row, parent, own, above))
        };
        let mut gaps: Vec<(u32, u32, i64, i64)> =
            forest.parents().iter().enumerate().filter_map(gap).collect();
        gaps.sort_unstable();
        for (row, parent, own, above) in gaps {
            sink.report(file.feed, &[file.line(row)], || {
                let (field, wanted) = (&declared.field, above + declared.step);
                let parent_key = file.key(parent).unwrap_or_default().to_owned();
                NewFinding::new(
                    format!("{field} 为 {own}，上级 {parent_key} 为 {above}，应为 {wanted}"),
                    format!("{field} is {own}; the parent {parent_key} has {above}, so it should be {wanted}"),
                )
                .key(file.key(row))
                .field(field)
                .value(Some(own.to_string()))
                .related(vec![Related { feed: file.feed, line: file.line(parent), key: parent_key }])
            });
        }
    }
    Ok(())
}
