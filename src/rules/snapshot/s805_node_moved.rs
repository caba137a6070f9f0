//! S805 node-moved: parentNodeId or organId changed; gives the number of agents below.

use crate::model::{Disposition, Example, Feed, Group, Level, Message, RuleMeta};
use crate::rules::{Check, NewFinding, Rule, Sink, SnapshotContext, Unreadable};

use super::agents_below::agents_below;
use super::changed::{Changed, changed, shown};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "S805",
        name: "node-moved",
        level: Level::Info,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Snapshot,
        summary: Message::fixed("团队换了上级或机构", "parentNodeId or organId changed; gives the number of agents below"),
        example: Example { header: "", defect: "2024-11-22  N112|星火二组|1|...|N110|...\n2024-11-23  N112|星火二组|1|...|N120|...", mended: "2024-11-22  N112|星火二组|1|...|N110|...\n2024-11-23  N112|星火二组|1|...|N110|..." },
        docs: Message::fixed(
            "\
## 检查内容
团队的上级和所属机构是否与上一快照相同；给出该团队及其下代理人的数量。

## 影响
团队划转会影响管理关系和利益归属，值得核对；成批出现时通常是标识导出有误。

## 修正方法
若确有划转，无需处理；否则请改正上级团队或所属机构。",
            "\
## What it checks
Whether a team has the parent and the organisation of the last snapshot; gives the number of agents in it and below.

## Why it matters
Such a move changes who leads and who is paid and is worth a look; in numbers it is mostly a fault in the export of ids.

## How the provider fixes it
Nothing, if it was moved; else correct the parent or the organisation.",
        ),
    },
    check: Check::Snapshot(check),
};

fn check(context: &SnapshotContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let Changed { rows: nodes, previous, mut pairs } = changed(context, Feed::Node)?;
    let fields = ["parentNodeId", "organId"];
    let cells = fields.map(|field| nodes.cells(field));
    let moved = |row: u32, before: usize| {
        [0, 1].map(|at| cells[at].text(row) != previous.cell(before, fields[at]))
    };
    pairs.retain(|(row, before)| moved(*row, *before).contains(&true));
    if pairs.is_empty() {
        return Ok(());
    }
    let date = context.previous.date;
    let agents = agents_below(&context.rows, Feed::Node, "workingNodeId")?;
    for (row, before) in pairs {
        let below = agents.get(nodes.position(row)).copied().unwrap_or_default();
        sink.report_affected(Feed::Node, &[nodes.file.line(row)], below.into(), || {
            let moved = moved(row, before);
            let titles = [("上级团队", "the parent"), ("所属机构", "the organisation")];
            let (mut zh, mut en) = (Vec::new(), Vec::new());
            for at in (0..fields.len()).filter(|at| moved[*at]) {
                let old = shown(previous.cell(before, fields[at]));
                let new = shown(cells[at].text(row));
                zh.push(format!("{}由 {} 变为 {}", titles[at].0, old.zh, new.zh));
                en.push(format!("{} went from {} to {}", titles[at].1, old.en, new.en));
            }
            let field = if moved[0] { fields[0] } else { fields[1] };
            NewFinding::new(
                format!(
                    "{}（与 {date} 的快照相比），该团队及其下有 {below} 名代理人",
                    zh.join("，")
                ),
                format!(
                    "{} since the snapshot of {date}; {below} agent(s) in it and below",
                    en.join(", ")
                ),
            )
            .key(nodes.file.key(row))
            .field(field)
            .value(nodes.delivered(row, field))
        });
    }
    Ok(())
}
