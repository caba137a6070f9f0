//! N501 name-mismatch: a copied name differs from the record that it copies.

use crate::config::schema::Copy;
use crate::model::{Disposition, Example, Feed, Group, Level, Message, Related, RuleMeta};
use crate::parse::trim;
use crate::rules::accepted_rows::{AcceptedRows, Cells, References};
use crate::rules::{Check, NewFinding, RowContext, Rule, Sink, Unreadable};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "N501",
        name: "name-mismatch",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Name,
        summary: Message::fixed("重复填写的名称与原记录不一致", "a copied name differs from the record that it copies"),
        example: Example { header: "id|workingNodeId|workingNodeName", defect: "A05|N112|星火一组", mended: "A05|N112|星火二组" },
        docs: Message::fixed(
            "\
## 检查内容
行内重复填写的名称（上级机构名称、负责人姓名、机构名称、上级团队名称、所在团队名称）是否与所引用记录的名称相同。名称为空时不比较；两条记录都须有效。

## 影响
名称和标识指向不同的记录时，无法判断哪一个正确；标识写错时，人员会归入错误的团队。

## 修正方法
请确认标识是否正确；若正确，请按所引用的记录更新名称。",
            "\
## What it checks
Whether a name that a row repeats (of the parent, the leader, the organisation, the team) is that of the record it refers to. An empty copy is not compared; both records have to be accepted ones.

## Why it matters
Where name and id mean different records, nobody can tell which is right; with a wrong id people are counted to the wrong team.

## How the provider fixes it
Find out whether the id is right; if so, take the name from the record that it names.",
        ),
    },
    check: Check::Rows(check),
};

fn check(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let schema = context.delivery.schema;
    let (mut unreadable, mut checked) = (None, false);
    for feed in Feed::ALL {
        let mut copies = Vec::new();
        for copy in schema.copies.iter().filter(|copy| copy.feed == feed) {
            match (context.rows(feed), context.rows(copy.target)) {
                (Ok(rows), Ok(targets)) => copies.push(Compared {
                    schema: copy,
                    person: rows.file.schema.is_person(&copy.field),
                    own: rows.cells(&copy.field),
                    via: context.references(feed, &copy.via),
                    targets,
                    originals: targets.cells(&copy.target_field),
                }),
                (Err(error), _) | (_, Err(error)) => unreadable = Some(error),
            }
        }
        let Ok(rows) = context.rows(feed) else { continue };
        checked |= !copies.is_empty();
        for row in rows.iter() {
            for copy in &copies {
                if let Some(target) = copy.via.target(row)
                    && copy.own.differs(row, copy.originals, target)
                {
                    sink.report(feed, &[rows.file.line(row)], || {
                        mismatch(&rows, row, copy, target)
                    });
                }
            }
        }
    }
    match unreadable {
        Some(error) if !checked => Err(error),
        _ => Ok(()),
    }
}

/// A copied name with what it is compared with.
struct Compared<'d, 'a> {
    schema: &'d Copy,
    /// Whether it is the name of a person.
    person: bool,
    own: Cells<'d>,
    via: References<'d>,
    targets: AcceptedRows<'d, 'a>,
    originals: Cells<'d>,
}

fn mismatch(
    rows: &AcceptedRows<'_, '_>,
    row: u32,
    copy: &Compared<'_, '_>,
    target: u32,
) -> NewFinding {
    let Copy { field, via, target_field, .. } = copy.schema;
    let feed = copy.targets.file.feed;
    let key = copy.targets.file.key(target).unwrap_or_default().to_owned();
    let value = rows.delivered(row, field);
    let original = copy.targets.delivered(target, target_field).unwrap_or_default();
    let original = trim(&original);
    let shown = value.as_deref().map_or("", trim);
    let title = feed.title_zh();
    NewFinding::new(
        format!("{field} 为“{shown}”，而 {via} 所指的{title} {key} 的 {target_field} 为“{original}”"),
        format!("{field} is \"{shown}\", but {target_field} of {feed} {key}, which {via} names, is \"{original}\""),
    )
    .key(rows.file.key(row))
    .field(field)
    .names([shown, original].into_iter().filter(|_| copy.person))
    .value(value)
    .related(vec![Related { feed, line: copy.targets.file.line(target), key }])
}
