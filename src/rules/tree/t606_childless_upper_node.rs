//! T606 childless-upper-node: a node over level 1 that has no child.

use crate::config::schema::ForestSchema;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, has_children, level};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T606",
        name: "childless-upper-node",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed("上级团队没有下级", "a node over level 1 that has no child"),
        example: Example { header: "id|nodeName|nodeLevel|parentNodeId", defect: "N110|晨曦部|2|N100\nN120|晨光部|2|N100\nN111|星火一组|1|N110", mended: "N110|晨曦部|2|N100\nN111|星火一组|1|N110" },
        docs: Message::fixed(
            "\
## 检查内容
级别高于 1 的团队是否至少有一个下级团队（任何有效记录将其填为上级即算）。

## 影响
没有下级的区或部通常已撤销，或其下级的上级填错；按区、部统计时人数为零。

## 修正方法
若已撤销，请改正营业标记或删除该记录；否则请检查其下级的上级标识。",
            "\
## What it checks
Whether every team over level 1 has a team below it: an accepted record that names it as its parent.

## Why it matters
A district or department without teams was mostly given up, or its teams name another parent; all figures for it are zero.

## How the provider fixes it
If it was given up, mark or remove it; otherwise look at the parents of its teams.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let grows_upwards =
        |forest: &ForestSchema| forest.level.as_ref().is_some_and(|level| level.step < 0);
    for Delivered { schema, file, .. } in delivered(context, grows_upwards)? {
        let Some(declared) = &schema.level else { continue };
        let rows = context.rows(file.feed)?;
        let children = has_children(context, schema);
        for row in rows.iter().filter(|row| !children[*row as usize]) {
            let Some(own) = level(file, declared, row).filter(|own| *own > LOWEST) else {
                continue;
            };
            sink.report(file.feed, &[file.line(row)], || {
                let field = &declared.field;
                let title = &context.delivery.schema.feed(file.feed).title.zh;
                NewFinding::new(
                    format!("{field} 为 {own}，但没有任何{title}以它为上级"),
                    format!("{field} is {own}, but no {} names it as its parent", file.feed),
                )
                .key(file.key(row))
                .field(field)
                .value(rows.delivered(row, field))
            });
        }
    }
    Ok(())
}

/// The level of records that have none below them.
const LOWEST: i64 = 1;
