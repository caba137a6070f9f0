//! X413 unknown-reference: a reference that a job's own schema adds names no record.

use crate::model::{Disposition, Group, Level, Message, RuleMeta};
use crate::rules::{Check, Rule};

use super::unknown::unknown;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "X413",
        name: "unknown-reference",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Reference,
        summary: Message::fixed("任务自带模式中的引用不存在", "a reference that a job's own schema adds names no record"),
        docs: Message::fixed(
            "\
## 检查什么
任务自带的模式所声明、而本目录没有专门规则的引用，其值是否为目标文件中的主键。

## 为什么重要
引用不存在的记录，关联查询会漏掉这些行。

## 请提供方如何修正
请补交被引用的记录，或改正引用。",
            "\
## What it checks
Whether references that a job's own schema declares, and that have no rule of their own here, name a record.

## Why it matters
Joins miss rows that name a record which is not there.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference.",
        ),
    },
    check: Check::Rows(unknown),
};
