//! B706 partial-mentor: mentoredByNodeId, mentoredByAgentId, mentoredByDate not all present or all absent.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B706",
        name: "partial-mentor",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed(
            "育成信息不完整",
            "mentoredByNodeId, mentoredByAgentId, mentoredByDate not all present or all absent",
        ),
        example: Example {
            header: "id|mentoredByNodeId|mentoredByAgentId|mentoredByDate",
            defect: "N112|N111||2013-04-01",
            mended: "N112|N111|A02|2013-04-01",
        },
        docs: Message::fixed(
            "\
## 检查内容
育成团队、育成人、育成时间是否同时填写或同时为空。

## 影响
缺少其中一项时，育成关系不完整，育成利益无从计算。

## 修正方法
请补充缺少的字段；若没有育成关系，请把三者都留空。",
            "\
## What it checks
Whether the mentoring team, the mentor and the day of mentoring are all filled or all empty.

## Why it matters
With some of them alone the relation is incomplete, and what it pays cannot be computed.

## How the provider fixes it
Deliver what is missing; leave all three empty where there is no mentoring.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let nodes = context.rows(Feed::Node)?;
    let fields = ["mentoredByNodeId", "mentoredByAgentId", "mentoredByDate"];
    let [node, agent, date] = fields.map(|field| nodes.cells(field));
    for row in nodes.iter() {
        let filled =
            [node.text(row).is_some(), agent.text(row).is_some(), date.date(row).is_some()];
        let count = filled.iter().filter(|filled| **filled).count();
        if count % fields.len() == 0 {
            continue;
        }
        // The one that differs from the two others.
        let odd = (0..fields.len()).find(|at| filled[*at] == (count == 1)).unwrap_or_default();
        sink.report(Feed::Node, &[nodes.file.line(row)], || {
            let listed = |wanted: bool| {
                let fields = fields.iter().zip(filled).filter(|(_, filled)| *filled == wanted);
                fields.map(|(field, _)| *field).collect::<Vec<_>>()
            };
            let (present, missing) = (listed(true), listed(false));
            NewFinding::new(
                format!("填写了 {}，但 {} 为空", present.join("、"), missing.join("、")),
                format!("{} filled, but {} empty", present.join(" and "), missing.join(" and ")),
            )
            .key(nodes.file.key(row))
            .field(fields[odd])
            .value(nodes.delivered(row, fields[odd]))
        });
    }
    Ok(())
}
