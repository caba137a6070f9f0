//! References resolved: for every accepted row, which row its reference names.

use std::{
    iter,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use polars_arrow::array::Array;

use crate::config::schema::Reference;
use crate::delivery::{Acceptance, Delivery};
use crate::model::{Feed, PerFeed};

const EMPTY: u32 = u32::MAX;
const UNKNOWN: u32 = u32::MAX - 1;
const PRESUMED: u32 = u32::MAX - 2;

/// What a reference cell names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing: the cell is empty, or the row is not accepted.
    Empty,
    /// A key that no row of the delivery has.
    Unknown,
    /// A row of the target feed whose key can be read; it need not be accepted itself.
    Row(u32),
    /// A quarantined line of the target feed, 1-based, of which the key is presumed.
    Presumed(u32),
}

/// One reference of the schema, resolved.
#[derive(Debug)]
pub struct Link<'s> {
    /// The reference.
    pub reference: &'s Reference,
    /// By row of the referring feed.
    targets: Vec<u32>,
    /// Accepted rows with an unknown key, in row order.
    unknown: Vec<u32>,
    /// Accepted rows with a presumed key, in row order, each with the line of that key.
    presumed: Vec<(u32, u32)>,
}

impl Link<'_> {
    /// What the reference of a row names.
    pub fn target(&self, row: u32) -> Target {
        match self.targets[row as usize] {
            EMPTY => Target::Empty,
            UNKNOWN => Target::Unknown,
            PRESUMED => {
                let at = self.presumed.binary_search_by_key(&row, |(row, _)| *row);
                at.map_or(Target::Unknown, |at| Target::Presumed(self.presumed[at].1))
            }
            row => Target::Row(row),
        }
    }

    /// The rows that refer to a record of the other feed, each with that one's row.
    pub fn targets(&self) -> impl Iterator<Item = (u32, u32)> {
        let all = (0..).zip(self.targets.iter().copied());
        all.filter(|(_, row)| !matches!(*row, EMPTY | UNKNOWN | PRESUMED))
    }

    /// Accepted rows that refer to an unknown key, in row order.
    pub fn unknown(&self) -> &[u32] {
        &self.unknown
    }

    /// Accepted rows that refer to a presumed key, in row order, each with the line of that key.
    pub fn presumed(&self) -> &[(u32, u32)] {
        &self.presumed
    }
}

/// All references of the schema, in its order; `None` where one of the two files could not be read.
#[derive(Debug)]
pub struct Links<'s> {
    links: Vec<Option<Link<'s>>>,
}

impl<'s> Links<'s> {
    /// Resolves every reference of the accepted rows against every row whose key can be read, and every quarantined line
    /// whose key can be presumed.
    pub fn resolve(delivery: &'s Delivery<'_>, accepted: &PerFeed<Acceptance>) -> Links<'s> {
        let resolve = |reference: &'s Reference| {
            let from = delivery.readable(reference.feed)?;
            let to = delivery.readable(reference.target)?;
            let cells = from.parsed.table.text(&reference.field)?;
            let quarantined = &accepted[reference.target].presumed;
            let (mut unknown, mut presumed) = (Vec::new(), Vec::new());
            let mut targets = vec![EMPTY; cells.len()];
            for (row, target) in targets.iter_mut().enumerate() {
                if cells.is_null(row) || !accepted[reference.feed].accepts(row as u32) {
                    continue;
                }
                let key = cells.value(row);
                *target =
                    to.index.find(to.keys, key).unwrap_or_else(|| match quarantined.get(key) {
                        Some(line) => {
                            presumed.push((row as u32, *line));
                            PRESUMED
                        }
                        None => {
                            unknown.push(row as u32);
                            UNKNOWN
                        }
                    });
            }
            Some(Link { reference, targets, unknown, presumed })
        };
        // Two threads share the references, each taking the next unassigned one: those of the
        // agents take all the time there is.
        let references = &delivery.schema.references;
        let next = AtomicUsize::new(0);
        let share = || -> Vec<(usize, Option<Link<'s>>)> {
            let take = || {
                let at = next.fetch_add(1, Ordering::Relaxed);
                references.get(at).map(|reference| (at, resolve(reference)))
            };
            iter::from_fn(take).collect()
        };
        let mut links = thread::scope(|scope| {
            let other = scope.spawn(share);
            let mut links = share();
            links.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            links
        });
        links.sort_by_key(|(at, _)| *at);
        Links { links: links.into_iter().map(|(_, link)| link).collect() }
    }

    /// All links that could be resolved.
    pub fn iter(&self) -> impl Iterator<Item = &Link<'s>> {
        self.links.iter().flatten()
    }

    /// The link of one field, if both files could be read.
    pub fn of(&self, feed: Feed, field: &str) -> Option<&Link<'s>> {
        self.iter().find(|l| l.reference.feed == feed && l.reference.field == field)
    }
}
