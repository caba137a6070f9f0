//! T603 no-top: the organ forest has no record with an empty parentId.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, has_one_top, tops};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T603",
        name: "no-top",
        level: Level::Fatal,
        floor: Level::Off,
        disposition: Disposition::Refuse,
        group: Group::Tree,
        summary: Message::fixed(
            "机构树没有根节点",
            "the organ forest has no record with an empty parentId",
        ),
        example: Example {
            header: "id|organName|parentId|organLevel",
            defect: "86|中安人寿总公司|86|1\n8601|北京分公司|86|2",
            mended: "86|中安人寿总公司||1\n8601|北京分公司|86|2",
        },
        docs: Message::fixed(
            "\
## 检查内容
是否有一个上级为空的机构。

## 影响
没有总公司，整棵机构树就没有起点。

## 修正方法
请导出总公司，并将其上级留空。",
            "\
## What it checks
Whether there is an office without a parent.

## Why it matters
Without a head office the whole tree hangs in the air.

## How the provider fixes it
Deliver the head office, and leave its parent empty.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for Delivered { schema, file, .. } in delivered(context, has_one_top)? {
        if tops(context, schema).is_empty() {
            sink.report(file.feed, &[], || {
                let (title, name, parent) = (&schema.title.zh, &schema.name, &schema.parent);
                NewFinding::new(
                    format!("{title}没有根节点：没有任何有效记录的 {parent} 为空"),
                    format!(
                        "the {name} forest has no top: no accepted record has an empty {parent}"
                    ),
                )
                .field(parent)
            });
        }
    }
    Ok(())
}
