//! X408 unknown-mentor-agent: node.mentoredByAgentId is not an agent.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X408",
        name: "unknown-mentor-agent",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Reference,
        summary: Message::fixed("育成人不存在", "node.mentoredByAgentId is not an agent"),
        docs: Message::fixed(
            "\
## 检查什么
node.mentoredByAgentId 的每个值是否都是本次交付中某个代理人的主键（被隔离的行只要主键可读也算；空值不查）。

## 为什么重要
无法知道谁育成了该团队。

## 请提供方如何修正
请补交被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。",
            "\
## What it checks
Whether every value of node.mentoredByAgentId is the key of an agent of this delivery; rows in quarantine count if their key can be read, empty cells are not looked at.

## Why it matters
Nobody can tell who mentored the team.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference; each missing key is reported once, with all rows that name it.",
        ),
    },
    check: Check::Rows(unknown),
};
