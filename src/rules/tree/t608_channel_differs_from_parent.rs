//! T608 channel-differs-from-parent: node.channel is not its parent's.

use crate::model::{Disposition, Example, Group, Level, Message, Related, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

use super::forests::{Delivered, delivered, edges, is_node_forest};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "T608",
        name: "channel-differs-from-parent",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Tree,
        summary: Message::fixed("团队渠道与上级不同", "node.channel is not its parent's"),
        example: Example { header: "id|nodeName|parentNodeId|channel", defect: "N110|晨曦部|N100|1\nN112|星火二组|N110|2", mended: "N110|晨曦部|N100|1\nN112|星火二组|N110|1" },
        docs: Message::fixed(
            "\
## 检查内容
团队的渠道标识是否与上级团队相同（环上的上级关系不检查）。

## 影响
按渠道和按团队的统计互相矛盾；按渠道授权时，上级看不到该团队。

## 修正方法
请改正团队的渠道标识，或改正其上级团队。",
            "\
## What it checks
Whether a team has the channel of its parent; edges of cycles are not looked at.

## Why it matters
Figures by channel and by team contradict each other; where rights follow the channel, the parent does not see the team.

## How the provider fixes it
Correct the channel of the team, or its parent.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    for forest in delivered(context, is_node_forest)? {
        let Delivered { file, .. } = forest;
        let channels = context.rows(file.feed)?.cells("channel");
        for (row, parent) in edges(&forest) {
            let (Some(own), Some(above)) = (channels.int(row), channels.int(parent)) else {
                continue;
            };
            if own == above {
                continue;
            }
            sink.report(file.feed, &[file.line(row)], || {
                let parent_key = file.key(parent).unwrap_or_default().to_owned();
                NewFinding::new(
                    format!("channel 为 {own}，上级团队 {parent_key} 为 {above}"),
                    format!("channel is {own}; the parent {parent_key} has {above}"),
                )
                .key(file.key(row))
                .field("channel")
                .value(Some(own.to_string()))
                .related(vec![Related {
                    feed: file.feed,
                    line: file.line(parent),
                    key: parent_key,
                }])
            });
        }
    }
    Ok(())
}
