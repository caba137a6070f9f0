//! T610 top-marker-is-key: a text that marks tops by the job or the schema is the key of a record.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::parse::trim;
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, tops};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T610",
        name: "top-marker-is-key",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed(
            "表示“没有上级”的写法同时是一条记录的主键",
            "a text that is declared to mark tops is the key of a record",
        ),
        example: Example {
            header: "id|organName|parentId|organLevel",
            defect: "86|中安人寿总公司|0|1\n0|筹备办公室|86|2",
            mended: "86|中安人寿总公司||1\n0|筹备办公室|86|2",
        },
        docs: Message::fixed(
            "\
## 检查内容
任务文件（[format] tops）或结构声明的、表示“没有上级”的写法，是否同时是某条记录的主键。

## 影响
以该记录为上级的记录会被当作没有上级，挂到树的顶层。

## 修正方法
请将顶层记录的上级留空，或改用不会成为主键的写法，并通知集成方修改 tops。",
            "\
## What it checks
Whether a text that the job (`[format] tops`) or the schema declares to mark tops is the key of a record too.

## Why it matters
Records below that record count as tops: they have no parent in the tree.

## How the provider fixes it
Leave the parent of top records empty, or mark them by a text that is no key; then the integrator changes `tops`.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for Delivered { schema, file, .. } in delivered(context, |_| true)? {
        let Some(parent) = file.schema.position(&schema.parent) else { continue };
        for marker in &schema.top_markers.texts {
            let Some(record) = file.index.find(file.keys, marker) else { continue };
            let is_marked = |row: &&u32| {
                file.delivered(**row, parent).is_some_and(|cell| trim(&cell) == marker)
            };
            let marked = tops(context, schema).iter().filter(is_marked).count();
            if marked == 0 {
                continue;
            }
            sink.report(file.feed, &[file.line(record)], || {
                let (zh, en, parent) = (&schema.title.zh, &schema.name, &schema.parent);
                NewFinding::new(
                    format!(
                        "“{marker}”在 tops 中表示没有上级，同时是本记录的主键；{parent} 为“{marker}”的 {marked} 条记录在{zh}中按没有上级处理"
                    ),
                    format!(
                        "\"{marker}\" marks tops of the {en} forest and is the key of this record; {marked} record(s) with \"{marker}\" as {parent} count as tops"
                    ),
                )
                .key(file.key(record))
                .field(parent)
                .value(Some(marker.clone()))
            });
        }
    }
    Ok(())
}
