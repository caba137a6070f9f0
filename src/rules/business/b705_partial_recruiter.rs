//! B705 partial-recruiter: one of recommendByAgentId, recommendByNodeId present without the other.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "B705",
        name: "partial-recruiter",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Business,
        summary: Message::fixed(
            "增员人信息不完整",
            "one of recommendByAgentId, recommendByNodeId present without the other",
        ),
        example: Example {
            header: "id|recommendByAgentId|recommendByNodeId",
            defect: "A02|A01|",
            mended: "A02|A01|N111",
        },
        docs: Message::fixed(
            "\
## 检查内容
增员人标识和增员人所在团队标识是否同时填写或同时为空。

## 影响
只有其中一个时，无法完整还原增员发生在哪个团队、由谁完成。

## 修正方法
请补充缺少的标识；若没有增员人，请把两者都留空。",
            "\
## What it checks
Whether the recruiter and the recruiter's team are both filled or both empty.

## Why it matters
With one of them alone nobody can tell by whom and in which team the recruitment was made.

## How the provider fixes it
Deliver the one that is missing; leave both empty where there is no recruiter.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let agents = context.rows(Feed::Agent)?;
    let fields = ["recommendByAgentId", "recommendByNodeId"];
    let [by, from] = fields.map(|field| agents.cells(field));
    for row in agents.iter() {
        let filled = [by, from].map(|cells| cells.text(row).is_some());
        let (present, missing) = match filled {
            [true, false] => (fields[0], fields[1]),
            [false, true] => (fields[1], fields[0]),
            [true, true] | [false, false] => continue,
        };
        sink.report(Feed::Agent, &[agents.file.line(row)], || {
            NewFinding::new(
                format!("填写了 {present}，但 {missing} 为空"),
                format!("{present} is filled, but {missing} is empty"),
            )
            .key(agents.file.key(row))
            .field(missing)
            .value(agents.delivered(row, missing))
        });
    }
    Ok(())
}
