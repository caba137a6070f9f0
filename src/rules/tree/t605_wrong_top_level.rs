//! T605 wrong-top-level: a top organ whose organLevel is not 1.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, level, tops};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T605",
        name: "wrong-top-level",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed("根节点机构的级别不为 1", "a top organ whose organLevel is not 1"),
        example: Example {
            header: "id|organName|parentId|organLevel",
            defect: "86|中安人寿总公司||2",
            mended: "86|中安人寿总公司||1",
        },
        docs: Message::fixed(
            "\
## 检查内容
上级为空的机构，其级别是否为 1。

## 影响
总公司的级别是 1；其他值说明漏填了上级或级别有误。

## 修正方法
请填写上级，或把级别改为 1。",
            "\
## What it checks
Whether an office without a parent has level 1.

## Why it matters
The head office has level 1; another value means that the parent is missing or the level is wrong.

## How the provider fixes it
Enter the parent, or set the level to 1.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let fixed =
        |f: &crate::config::schema::ForestSchema| f.level.as_ref().is_some_and(|l| l.top.is_some());
    for Delivered { schema, file, .. } in delivered(context, fixed)? {
        let Some(declared) = &schema.level else { continue };
        let Some(wanted) = declared.top else { continue };
        for row in tops(context, schema) {
            let Some(own) = level(file, declared, row).filter(|own| *own != wanted) else {
                continue;
            };
            sink.report(file.feed, &[file.line(row)], || {
                let field = &declared.field;
                NewFinding::new(
                    format!("根节点的 {field} 为 {own}，应为 {wanted}"),
                    format!("{field} of a top is {own} instead of {wanted}"),
                )
                .key(file.key(row))
                .field(field)
                .value(Some(own.to_string()))
            });
        }
    }
    Ok(())
}
