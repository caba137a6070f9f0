//! What the rules see.

use crate::delivery::{Acceptance, Delivery, Readable};
use crate::links::Links;
use crate::model::{Feed, PerFeed, Previous};
use crate::trees::DeliveredForest;

/// What the rules of the groups F, R, V and K see: every line.
#[derive(Debug, Clone, Copy)]
pub struct LineContext<'d, 'a> {
    /// The delivery.
    pub delivery: &'d Delivery<'a>,
}

impl<'d, 'a> LineContext<'d, 'a> {
    /// The files that could be parsed, in report order.
    pub fn readable(&self) -> impl Iterator<Item = Readable<'d, 'a>> {
        let delivery = self.delivery;
        Feed::ALL.into_iter().filter_map(move |feed| delivery.readable(feed))
    }
}

/// What the rules of the groups X, N, T and B see: accepted rows, resolved references, forests.
#[derive(Debug, Clone, Copy)]
pub struct RowContext<'d, 'a> {
    /// The delivery.
    pub delivery: &'d Delivery<'a>,
    /// Which rows are accepted.
    pub accepted: &'d PerFeed<Acceptance>,
    /// References resolved.
    pub links: &'d Links<'d>,
    /// The forests that could be built.
    pub forests: &'d [DeliveredForest<'d>],
}

/// What the rules of group S see: accepted rows, and what they differ in from the snapshot before.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotContext<'d, 'a> {
    /// The delivery.
    pub rows: RowContext<'d, 'a>,
    /// The snapshot before its business date.
    pub previous: &'d Previous,
}
