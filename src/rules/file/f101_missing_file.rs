//! F101 missing-file: an expected feed file is absent.

use crate::delivery::FileState;
use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta, is_zip};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F101",
        name: "missing-file",
        level: Level::Fatal,
        floor: Level::Fatal,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("缺少数据文件", "an expected feed file is absent"),
        example: Example {
            header: "",
            defect: "temp_agent.txt  temp_base_node.txt  temp_organization.txt",
            mended: "temp_agent.txt  temp_base_node.txt  temp_organization.txt  temp_principal.txt",
        },
        docs: Message::fixed(
            "\
## 检查内容
四个文件是否都在数据源目录中。

## 影响
四个文件合在一起才构成完整的快照；缺少任何一个，其余文件中的引用都无法核对。

## 修正方法
请补传该文件；如确实没有数据，请与集成方商定。",
            "\
## What it checks
Whether all four files are in the delivery folder.

## Why it matters
The four files are one snapshot; without one of them the references of the others cannot be checked.

## How the provider fixes it
Upload the file; if there truly is no data for it, agree that with the integrator.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in &context.delivery.files {
        if let FileState::Missing { near } = &file.state {
            sink.report(file.feed, &[], || {
                let name = &file.name;
                if !near.is_empty() && near.iter().all(|name| is_zip(name)) {
                    let near = near.join(", ");
                    return NewFinding::new(
                        format!(
                            "交付中没有 {name}；有压缩包 {near}：若就在其中一个里，请在任务的 [source] 中写 zip = \"...\"（可含 {{date:%Y%m%d}}）"
                        ),
                        format!(
                            "{name} is not in the delivery; zip files are there: {near}. If one of them holds it, write \
                             zip = \"...\" in [source] of the job, which may hold {{date:%Y%m%d}}"
                        ),
                    );
                }
                if !near.is_empty() {
                    let (near, feed) = (near.join(", "), file.feed.name());
                    return NewFinding::new(
                        format!(
                            "交付中没有 {name}；有相近的文件名 {near}：若就是它，请在任务的 [source] 中写 files = {{ {feed} = \"...\" }}（可含 {{date:%Y%m%d}}）"
                        ),
                        format!(
                            "{name} is not in the delivery; near names are there: {near}. If one of them is it, write \
                             files = {{ {feed} = \"...\" }} in [source] of the job, which may hold {{date:%Y%m%d}}"
                        ),
                    );
                }
                NewFinding::new(
                    format!("批次中缺少 {name}"),
                    format!("{name} is not in the delivery"),
                )
            });
        }
    }
}
