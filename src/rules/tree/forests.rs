//! The forests of a delivery with what their rules need.

use polars_arrow::array::Array;

use crate::config::schema::{ForestSchema, LevelSchema, Tops};
use crate::delivery::Readable;
use crate::forest::Forest;
use crate::links::Target;
use crate::model::{Column, Feed};
use crate::rules::{RowContext, Unreadable};

/// A forest, its declaration, and the file it is made of.
pub(super) struct Delivered<'d, 'a> {
    pub(super) schema: &'d ForestSchema,
    /// Nodes are positions in `rows`.
    pub(super) forest: &'d Forest,
    pub(super) file: Readable<'d, 'a>,
    /// Accepted rows by key.
    pub(super) rows: &'d [u32],
}

/// The forests that a rule wants, by feed in report order, then in declaration order; `Err` if none of
/// them could be built.
pub(super) fn delivered<'d, 'a>(
    context: &RowContext<'d, 'a>,
    wanted: impl Fn(&ForestSchema) -> bool,
) -> Result<Vec<Delivered<'d, 'a>>, Unreadable> {
    let mut built: Vec<Delivered<'d, 'a>> = Vec::new();
    for forest in context.forests.iter().filter(|f| wanted(f.schema)) {
        let feed = forest.schema.feed;
        if let Some(file) = context.delivery.readable(feed) {
            let rows = &context.accepted[feed].order;
            built.push(Delivered { schema: forest.schema, forest: &forest.forest, file, rows });
        }
    }
    built.sort_by_key(|f| f.schema.feed);
    let feeds = context.delivery.schema.forests.iter().filter(|f| wanted(f)).map(|f| f.feed);
    let unreadable: Option<Feed> =
        feeds.into_iter().find(|f| context.delivery.readable(*f).is_none());
    match unreadable {
        Some(feed) if built.is_empty() => Err(Unreadable(feed)),
        _ => Ok(built),
    }
}

/// Whether the contract allows exactly one top.
pub(super) fn has_one_top(schema: &ForestSchema) -> bool {
    schema.tops == Tops::One
}

/// The accepted rows that have no parent by their own data, in line order.
pub(super) fn tops(context: &RowContext<'_, '_>, schema: &ForestSchema) -> Vec<u32> {
    let Some(link) = context.links.of(schema.feed, &schema.parent) else { return Vec::new() };
    let rows = context.accepted[schema.feed].order.iter().copied();
    let mut tops: Vec<u32> = rows.filter(|row| link.target(*row) == Target::Empty).collect();
    tops.sort_unstable();
    tops
}

/// Whether it is the forest of teams that the rules of teams look at.
pub(super) fn is_node_forest(schema: &ForestSchema) -> bool {
    schema.feed == Feed::Node && schema.has_levels()
}

/// The edges that are left after cycles are taken out: a row and that of its parent, in line order.
pub(super) fn edges(delivered: &Delivered<'_, '_>) -> Vec<(u32, u32)> {
    let Delivered { forest, rows, .. } = delivered;
    let parents = rows.iter().zip(forest.parents());
    let edges = parents.filter_map(|(row, parent)| Some((*row, rows[(*parent)? as usize])));
    let mut edges: Vec<(u32, u32)> = edges.collect();
    edges.sort_unstable();
    edges
}

/// For each row of the file whether an accepted one names it as its parent, whatever became of the edge.
pub(super) fn has_children(context: &RowContext<'_, '_>, schema: &ForestSchema) -> Vec<bool> {
    let accepted = &context.accepted[schema.feed];
    let mut children = vec![false; accepted.status.len()];
    if let Some(link) = context.links.of(schema.feed, &schema.parent) {
        for row in &accepted.order {
            if let Target::Row(parent) = link.target(*row) {
                children[parent as usize] = true;
            }
        }
    }
    children
}

/// The level of a row.
pub(super) fn level(file: Readable<'_, '_>, level: &LevelSchema, row: u32) -> Option<i64> {
    match file.parsed.table.column(&level.field) {
        Some(Column::Int(levels)) => {
            levels.is_valid(row as usize).then(|| levels.value(row as usize))
        }
        _ => None,
    }
}
