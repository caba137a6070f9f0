//! T607 node-outside-parent-organ: node's organ is not the parent node's organ nor under it nor above it.

use crate::config::schema::ForestSchema;
use crate::model::{Disposition, Example, Feed, Group, Level, Message, Related, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, edges, is_node_forest};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T607",
        name: "node-outside-parent-organ",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed("团队与上级团队不在同一机构线", "node's organ is not the parent node's organ nor under it nor above it"),
        example: Example { header: "id|nodeName|parentNodeId|organId", defect: "N110|晨曦部|N100|86010101\nN112|星火二组|N110|86020101", mended: "N110|晨曦部|N100|86010101\nN112|星火二组|N110|86010101" },
        docs: Message::fixed(
            "\
## 检查内容
团队所属机构是否与上级团队的机构相同，或在机构树上是其上级或下级（环上的上级关系不检查；两个机构都须有效）。

## 影响
团队树与机构树互相矛盾：按团队汇总与按机构汇总的人数对不上。

## 修正方法
请改正团队的所属机构，或改正其上级团队。",
            "\
## What it checks
Whether a team's organisation is that of its parent team, or above or below it in the tree of organisations. Edges of cycles are not looked at; both organisations have to be accepted records.

## Why it matters
The tree of teams and that of organisations contradict each other: sums by team and sums by organisation differ.

## How the provider fixes it
Correct the organisation of the team, or its parent.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let organs = context.rows(Feed::Organ)?;
    let organ_of = context.references(Feed::Node, "organId");
    let is_organ_forest = |forest: &ForestSchema| forest.feed == Feed::Organ && forest.has_levels();
    let lines = delivered(context, is_organ_forest)?;
    let Some(lines) = lines.first().map(|organ| organ.forest.subtree_ranges()) else {
        return Ok(());
    };
    for forest in delivered(context, is_node_forest)? {
        let Delivered { file, .. } = forest;
        for (row, parent) in edges(&forest) {
            let (Some(own), Some(above)) = (organ_of.target(row), organ_of.target(parent)) else {
                continue;
            };
            let (a, b) = (&lines[organs.position(own)], &lines[organs.position(above)]);
            if a.contains(&b.start) || b.contains(&a.start) {
                continue;
            }
            sink.report(file.feed, &[file.line(row)], || {
                let key = |row| organs.file.key(row).unwrap_or_default();
                let (own, above) = (key(own), key(above));
                let parent_key = file.key(parent).unwrap_or_default().to_owned();
                NewFinding::new(
                    format!("所属机构为 {own}，而上级团队 {parent_key} 属于 {above}，两者不在同一条机构线上"),
                    format!("belongs to organisation {own}, its parent {parent_key} to {above}, which is neither above nor below it"),
                )
                .key(file.key(row))
                .field("organId")
                .value(Some(own.to_owned()))
                .related(vec![Related { feed: file.feed, line: file.line(parent), key: parent_key }])
            });
        }
    }
    Ok(())
}
