//! X410 unknown-recruiter-node: agent.recommendByNodeId is not a node.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X410",
        name: "unknown-recruiter-node",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Reference,
        summary: Message::fixed("增员人所在团队不存在", "agent.recommendByNodeId is not a node"),
        docs: Message::fixed(
            "\
## 检查什么
agent.recommendByNodeId 的每个值是否都是本次交付中某个外勤区部组的主键（被隔离的行只要主键可读也算；空值不查）。

## 为什么重要
无法知道增员发生在哪个团队。

## 请提供方如何修正
请补交被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。",
            "\
## What it checks
Whether every value of agent.recommendByNodeId is the key of a node of this delivery; rows in quarantine count if their key can be read, empty cells are not looked at.

## Why it matters
Nobody can tell in which team the recruitment took place.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference; each missing key is reported once, with all rows that name it.",
        ),
    },
    check: Check::Rows(unknown),
};
