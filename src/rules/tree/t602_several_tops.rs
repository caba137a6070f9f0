//! T602 several-tops: the organ forest has more than one top by its own data.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, has_one_top, tops};
use crate::model::Related;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T602",
        name: "several-tops",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed(
            "机构树有多个根节点",
            "the organ forest has more than one top by its own data",
        ),
        example: Example {
            header: "id|organName|parentId|organLevel",
            defect: "86|中安人寿总公司||1\n8601|北京分公司||2",
            mended: "86|中安人寿总公司||1\n8601|北京分公司|86|2",
        },
        docs: Message::fixed(
            "\
## 检查内容
上级为空的机构是否只有一个。

## 影响
总公司只有一个；多出的根节点通常是漏填了上级。

## 修正方法
请为多出的根节点填写上级。",
            "\
## What it checks
Whether only one office has no parent.

## Why it matters
There is one head office; further tops are mostly offices whose parent was left out.

## How the provider fixes it
Enter the parent of the others.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for Delivered { schema, file, .. } in delivered(context, has_one_top)? {
        let tops = tops(context, schema);
        if tops.len() < 2 {
            continue;
        }
        let lines: Vec<u64> = tops.iter().map(|row| file.line(*row)).collect();
        sink.report(file.feed, &lines, || {
            let key = |row: &u32| file.key(*row).unwrap_or_default().to_owned();
            let count = tops.len();
            let shown: Vec<String> = tops.iter().take(5).map(key).collect();
            let shown = shown.join(", ");
            let related = tops.iter().take(crate::model::Finding::MAX_LINES);
            let related = related.map(|row| Related {
                feed: file.feed,
                line: file.line(*row),
                key: key(row),
            });
            let (title, name, parent) = (&schema.title.zh, &schema.name, &schema.parent);
            NewFinding::new(
                format!("{title}有 {count} 个根节点（{parent} 为空），应只有一个：{shown}"),
                format!(
                    "the {name} forest has {count} tops (empty {parent}) instead of one: {shown}"
                ),
            )
            .key(tops.first().map(key))
            .field(parent)
            .related(related.collect())
        });
    }
    Ok(())
}
