//! X401 unknown-organ-parent: organ.parentId is not an organ.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X401",
        name: "unknown-organ-parent",
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Detach,
        group: Group::Reference,
        summary: Message::fixed("上级内勤机构不存在", "organ.parentId is not an organ"),
        docs: Message::fixed(
            "\
## 检查什么
organ.parentId 的每个值是否都是本次交付中某个内勤机构的主键（被隔离的行只要主键可读也算；空值不查）。

## 为什么重要
该机构会悬空，机构树和层级统计都少了这一支。

## 请提供方如何修正
请补交被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。",
            "\
## What it checks
Whether every value of organ.parentId is the key of an organ of this delivery; rows in quarantine count if their key can be read, empty cells are not looked at.

## Why it matters
The office hangs in the air, and the tree and all sums lack its branch.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference; each missing key is reported once, with all rows that name it.",
        ),
    },
    check: Check::Rows(unknown),
};
