//! T601 cycle: a record is its own ancestor in a forest.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered};
use crate::model::Related;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T601",
        name: "cycle",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Detach,
        group: Group::Tree,
        summary: Message::fixed("上下级关系成环", "a record is its own ancestor in a forest"),
        example: Example { header: "id|recommendByAgentId", defect: "A01|A02\nA02|A01", mended: "A01|\nA02|A01" },
        docs: Message::fixed(
            "\
## 检查内容
四棵树（机构、团队、增员、育成）中是否有记录是自己的上级；自己指向自己也是环。

## 影响
环中的记录没有根节点，向上追溯不会终止；本程序将环上的上级关系全部排除，记录照常发布。

## 修正方法
请确认环中哪一条上级关系是错的并改正；提示按上级方向列出全部成员。",
            "\
## What it checks
Whether a record is its own ancestor in one of the forests (organ, node, recruit, mentor); naming itself as parent is a cycle of one.

## Why it matters
A cycle has no top, and the way up never ends; its edges are left out, the records are published.

## How the provider fixes it
Find which parent in the cycle is wrong and correct it; all members are listed in order along the parents.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for Delivered { schema, forest, file, rows } in delivered(context, |_| true)? {
        let mut cycles: Vec<(Vec<u64>, &Vec<u32>)> = Vec::new();
        for cycle in forest.cycles() {
            let mut lines: Vec<u64> =
                cycle.iter().map(|at| file.line(rows[*at as usize])).collect();
            lines.sort_unstable();
            cycles.push((lines, cycle));
        }
        cycles.sort_unstable_by_key(|(lines, _)| lines[0]);
        for (lines, cycle) in cycles {
            sink.report(file.feed, &lines, || {
                let key = |at: &u32| file.key(rows[*at as usize]).unwrap_or_default().to_owned();
                let first = key(&cycle[0]);
                let way: Vec<String> = cycle.iter().take(SHOWN).map(key).collect();
                let (zh, en) = match cycle.len() {
                    1 => ("以自己为上级".to_owned(), "is its own parent".to_owned()),
                    n => {
                        let more = if n > SHOWN { " -> ..." } else { "" };
                        let way = format!("{}{more} -> {first}", way.join(" -> "));
                        (
                            format!("与另外 {} 条记录成环：{way}", n - 1),
                            format!("is in a cycle of {n}: {way}"),
                        )
                    }
                };
                let (title, name) = (&schema.title.zh, &schema.name);
                let related = cycle.iter().take(crate::model::Finding::MAX_LINES).map(|at| {
                    Related { feed: file.feed, line: file.line(rows[*at as usize]), key: key(at) }
                });
                NewFinding::new(
                    format!("{title}：{first} {zh}"),
                    format!("{name} forest: {first} {en}"),
                )
                .field(&schema.parent)
                .related(related.collect())
                .key(Some(first))
            });
        }
    }
    Ok(())
}

/// Maximum number of members in the message.
const SHOWN: usize = 8;
