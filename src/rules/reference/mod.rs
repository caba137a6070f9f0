//! X: references between records. All rules of the group are one check and differ in their words, so they are a table.

mod unknown;

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};

use super::rule::{Check, Rule};
use unknown::unknown;

/// A rule of the group with its level, what becomes of the rows, and its words.
const fn rule(
    code: &'static str,
    name: &'static str,
    (level, disposition): (Level, Disposition),
    summary: Message,
    example: Example,
    docs: Message,
) -> Rule {
    let floor = Level::Off;
    let group = Group::Reference;
    let meta = RuleMeta { code, name, level, floor, disposition, group, summary, example, docs };
    Rule { meta, check: Check::Rows(unknown) }
}

/// The rule of one reference of the contract: the field, the target with its Chinese title and its article, and why
/// a missing record matters.
macro_rules! reference {
    ($code:literal, $name:literal, $level:ident, $disposition:ident, $field:literal -> $target_zh:literal $target_en:literal,
     $summary_zh:literal, $why_zh:literal, $why_en:literal,
     $header:literal: $defect:literal => $mended:literal) => {
        rule(
            $code,
            $name,
            (Level::$level, Disposition::$disposition),
            Message::fixed($summary_zh, concat!($field, " is not ", $target_en)),
            Example { header: $header, defect: $defect, mended: $mended },
            Message::fixed(
                concat!(
                    "## 检查内容\n",
                    $field,
                    " 的每个值是否都是本批次中某个",
                    $target_zh,
                    "的主键（被隔离的行只要主键可读也算；空值不查）。\n\n## 影响\n",
                    $why_zh,
                    "\n\n## 修正方法\n",
                    "请补充被引用的记录，或改正引用；同一缺失主键只报一次，列出所有引用它的行。"
                ),
                concat!(
                    "## What it checks\nWhether every value of ",
                    $field,
                    " is the key of ",
                    $target_en,
                    " of this delivery; rows in quarantine count if their key can be read, ",
                    "empty cells are not looked at.\n\n## Why it matters\n",
                    $why_en,
                    "\n\n## How the provider fixes it\n",
                    "Deliver the record that is referred to, or correct the reference; ",
                    "each missing key is reported once, with all rows that name it."
                ),
            ),
        )
    };
}

/// The rules in code order. The schema says which reference a rule checks (`orgsnap:rule`).
#[rustfmt::skip]
pub(in crate::rules) static RULES: [Rule; 13] = [
    reference!("X401", "unknown-organ-parent", Error, Detach, "organ.parentId" -> "内勤机构" "an organ",
        "上级内勤机构不存在", "该机构成为孤立节点，机构树和层级统计会缺少这一分支。", "The office hangs in the air, and the tree and all sums lack its branch.",
        "id|organName|parentId": "8601|北京分公司|85" => "8601|北京分公司|86"),
    reference!("X402", "unknown-organ-leader", Warning, Keep, "organ.leaderId" -> "内勤人员" "a principal",
        "机构负责人不存在", "无法知道谁对该机构负责。", "Nobody can tell who is responsible for the office.",
        "id|organName|leaderId": "8601|北京分公司|P99" => "8601|北京分公司|P02"),
    reference!("X403", "unknown-principal-organ", Error, Keep, "principal.organId" -> "内勤机构" "an organ",
        "内勤人员所属机构不存在", "这些人员不属于任何机构，按机构统计时会漏掉。", "These people belong to no office, and counts by office miss them.",
        "id|principalName|organId": "P02|王秀英|8699" => "P02|王秀英|8601"),
    reference!("X404", "unknown-node-parent", Error, Detach, "node.parentNodeId" -> "外勤区部组" "a node",
        "上级外勤区部组不存在", "该团队成为孤立节点，团队树会缺少这一分支。", "The team hangs in the air, and the tree lacks its branch.",
        "id|nodeName|parentNodeId": "N111|星火一组|N199" => "N111|星火一组|N110"),
    reference!("X405", "unknown-node-organ", Error, Keep, "node.organId" -> "内勤机构" "an organ",
        "团队所属机构不存在", "团队及其代理人无法归入机构。", "The team and its agents cannot be counted to an office.",
        "id|nodeName|organId": "N111|星火一组|86999999" => "N111|星火一组|86010101"),
    reference!("X406", "unknown-node-leader", Warning, Keep, "node.agentId" -> "代理人" "an agent",
        "团队长不存在", "无法知道谁带领该团队。", "Nobody can tell who leads the team.",
        "id|nodeName|agentId": "N111|星火一组|A99" => "N111|星火一组|A02"),
    reference!("X407", "unknown-mentor-node", Warning, Detach, "node.mentoredByNodeId" -> "外勤区部组" "a node",
        "育成团队不存在", "育成关系断开，育成利益无从计算。", "The mentoring relation is cut, and what it pays cannot be computed.",
        "id|nodeName|mentoredByNodeId": "N112|星火二组|N199" => "N112|星火二组|N111"),
    reference!("X408", "unknown-mentor-agent", Warning, Keep, "node.mentoredByAgentId" -> "代理人" "an agent",
        "育成人不存在", "无法知道谁育成了该团队。", "Nobody can tell who mentored the team.",
        "id|nodeName|mentoredByAgentId": "N112|星火二组|A99" => "N112|星火二组|A02"),
    reference!("X409", "unknown-recruiter", Warning, Detach, "agent.recommendByAgentId" -> "代理人" "an agent",
        "增员人不存在", "增员关系断开，增员链从这里重新开始。", "The recruitment relation is cut, and the chain begins anew here.",
        "id|agentName|recommendByAgentId": "A02|陈静|A99" => "A02|陈静|A01"),
    reference!("X410", "unknown-recruiter-node", Warning, Keep, "agent.recommendByNodeId" -> "外勤区部组" "a node",
        "增员人所在团队不存在", "无法知道增员发生在哪个团队。", "Nobody can tell in which team the recruitment took place.",
        "id|agentName|recommendByNodeId": "A02|陈静|N199" => "A02|陈静|N111"),
    reference!("X411", "unknown-working-node", Error, Keep, "agent.workingNodeId" -> "外勤区部组" "a node",
        "代理人所在团队不存在", "这些代理人不属于任何团队，团队人数会少算。", "These agents belong to no team, and head counts miss them.",
        "id|agentName|workingNodeId": "A02|陈静|N199" => "A02|陈静|N111"),
    reference!("X412", "unknown-working-organ", Error, Keep, "agent.workingOrganId" -> "内勤机构" "an organ",
        "代理人隶属机构不存在", "这些代理人不属于任何机构，机构人数会少算。", "These agents belong to no office, and head counts miss them.",
        "id|agentName|workingOrganId": "A02|陈静|86999999" => "A02|陈静|86010101"),
    rule(
        "X413",
        "unknown-reference",
        (Level::Warning, Disposition::Keep),
        Message::fixed("任务自定义结构中的引用不存在", "a reference that a job's own schema adds names no record"),
        Example { header: "id|agentName|trainerId", defect: "A02|陈静|P99", mended: "A02|陈静|P02" },
        Message::fixed(
            "\
## 检查内容
任务的自定义结构所声明、且没有专门规则的引用，其值是否为目标文件中的主键。

## 影响
引用不存在的记录，关联查询会漏掉这些行。

## 修正方法
请补充被引用的记录，或改正引用。",
            "\
## What it checks
Whether references that a job's own schema declares, and that have no rule of their own here, name a record.

## Why it matters
Joins miss rows that name a record which is not there.

## How the provider fixes it
Deliver the record that is referred to, or correct the reference.",
        ),
    ),
];
