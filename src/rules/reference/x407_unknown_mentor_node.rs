//! X407 unknown-mentor-node: node.mentoredByNodeId is not a node.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X407",
        name: "unknown-mentor-node",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Detach,
        group: Group::Reference,
        summary: Message::fixed("育成团队不存在", "node.mentoredByNodeId is not a node"),
        docs: Message::fixed(
            "\
## 检查什么
node.mentoredByNodeId 的每个值是否都是本次交付中某个外勤区部组的主键（被隔离的行只要主键可读也算；空值不查）。

## 为什么重要
育成关系断开，育成利益无从计算。

## 请提供方如何修正
请补交被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。",
            "\
## What it checks
Whether every value of node.mentoredByNodeId is the key of a node of this delivery; rows in quarantine count if their key can be read, empty cells are not looked at.

## Why it matters
The mentoring relation is cut, and what it pays cannot be computed.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference; each missing key is reported once, with all rows that name it.",
        ),
    },
    check: Check::Rows(unknown),
};
