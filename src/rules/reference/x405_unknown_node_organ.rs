//! X405 unknown-node-organ: node.organId is not an organ.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X405",
        name: "unknown-node-organ",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Reference,
        summary: Message::fixed("团队所属机构不存在", "node.organId is not an organ"),
        docs: Message::fixed(
            "\
## 检查什么
node.organId 的每个值是否都是本次交付中某个内勤机构的主键（被隔离的行只要主键可读也算；空值不查）。

## 为什么重要
团队及其代理人无法归入机构。

## 请提供方如何修正
请补交被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。",
            "\
## What it checks
Whether every value of node.organId is the key of an organ of this delivery; rows in quarantine count if their key can be read, empty cells are not looked at.

## Why it matters
The team and its agents cannot be counted to an office.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference; each missing key is reported once, with all rows that name it.",
        ),
    },
    check: Check::Rows(unknown),
};
