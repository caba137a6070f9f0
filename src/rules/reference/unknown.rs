//! The one check behind all rules of group X: references that name no record.

use std::collections::HashMap;

use crate::links::Link;
use crate::rules::{NewFinding, RowContext, Sink, Unreadable};

/// Reports the references whose schema entry names the rule of this sink.
pub(super) fn unknown(context: &RowContext<'_, '_>, sink: &mut Sink) -> Result<(), Unreadable> {
    let code = sink.code();
    let mut blocked = None;
    let mut checked = false;
    for reference in context.delivery.schema.references.iter().filter(|r| r.rule == code) {
        match context.links.of(reference.feed, &reference.field) {
            Some(link) => {
                checked = true;
                report(context, link, sink);
            }
            None => {
                let feeds = [reference.feed, reference.target];
                blocked = feeds.into_iter().find(|f| context.delivery.readable(*f).is_none());
            }
        }
    }
    match blocked {
        Some(feed) if !checked => Err(Unreadable(feed)),
        _ => Ok(()),
    }
}

/// One finding a missing key, by first line.
fn report(context: &RowContext<'_, '_>, link: &Link<'_>, sink: &mut Sink) {
    let reference = link.reference;
    let Some(file) = context.delivery.readable(reference.feed) else { return };
    let Some(cells) = file.parsed.table.text(&reference.field) else { return };
    let mut groups: Vec<Missing<'_>> = Vec::new();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    for row in link.unknown() {
        let key = cells.get(*row as usize).unwrap_or_default();
        let group = *by_key.entry(key).or_insert_with(|| {
            groups.push(Missing { key, lines: Vec::new(), rows: 0 });
            groups.len() - 1
        });
        let group = &mut groups[group];
        group.rows += 1;
        if group.lines.len() < crate::model::Finding::MAX_LINES {
            group.lines.push(file.line(*row));
        }
    }
    for Missing { key, lines, rows } in groups {
        sink.report_affected(file.feed, &lines, rows, || {
            let (from, field) = (reference.feed, &reference.field);
            let target = context.delivery.schema.feed(reference.target);
            let (file_name, title) = (&target.file_name, &target.title.zh);
            NewFinding::new(
                format!("{file_name} 中没有主键为 {key} 的{title}，{rows} 行的 {field} 引用了它"),
                format!(
                    "{file_name} has no {} {key}; {field} names it on {rows} line(s) of {from}",
                    reference.target
                ),
            )
            .key(Some(key))
            .field(field)
            .value(Some(key.to_owned()))
        });
    }
}

struct Missing<'k> {
    key: &'k str,
    lines: Vec<u64>,
    rows: u64,
}
