//! Where every record of a delivery stands: below which team and which organisation.
//!
//! Rows that are not published have a place too, as far as their cells tell one: what is wrong with them concerns the
//! people below them.

use std::ops::Range;

use polars_arrow::array::Utf8ViewArray;

use crate::config::schema::{Reference, Schema};
use crate::delivery::{Acceptance, Delivery, Readable};
use crate::forest::Forest;
use crate::links::{Links, Target};
use crate::model::{Feed, PerFeed};
use crate::parse::Parsed;
use crate::rules::RowContext;
use crate::trees::{WORKING_NODE, WORKING_ORGAN};

/// No row.
const NOWHERE: u32 = u32::MAX;

/// The places of all records.
pub(super) struct Places<'d, 'a> {
    pub(super) delivery: &'d Delivery<'a>,
    pub(super) accepted: &'d PerFeed<Acceptance>,
    pub(super) organs: Tree,
    pub(super) nodes: Tree,
    /// The organisation of each record, by row of its feed.
    organ_of: PerFeed<Vec<u32>>,
    agents_of_node: Members,
    agents_of_organ: Members,
    nodes_of_organ: Members,
}

impl<'d, 'a> Places<'d, 'a> {
    pub(super) fn new(rows: &RowContext<'d, 'a>) -> Places<'d, 'a> {
        let (delivery, accepted, links) = (rows.delivery, rows.accepted, rows.links);
        let schema = delivery.schema;
        let rows_of = |feed| named_rows(delivery, accepted, links, feed);
        let tree = |feed| {
            let parents =
                parent_field(schema, feed).map(|field| rows_of(feed)(field)).unwrap_or_default();
            Tree::new(parents)
        };
        let (organs, nodes) = (tree(Feed::Organ), tree(Feed::Node));
        let node_of_agent = rows_of(Feed::Agent)(WORKING_NODE);
        let mut organ_of = PerFeed::from_fn(|feed| match feed {
            Feed::Organ => (0..organs.len() as u32).collect(),
            _ => organ_field(schema, feed).map(|field| rows_of(feed)(field)).unwrap_or_default(),
        });
        // An agent whose own organisation cannot be told is where the team is.
        let of_node: Vec<u32> = std::mem::take(&mut organ_of[Feed::Node]);
        for (organ, node) in organ_of[Feed::Agent].iter_mut().zip(&node_of_agent) {
            if *organ == NOWHERE {
                *organ = of_node.get(*node as usize).copied().unwrap_or(NOWHERE);
            }
        }
        let nodes_of_organ = Members::new(&of_node, organs.len());
        organ_of[Feed::Node] = of_node;
        Places {
            delivery,
            accepted,
            agents_of_node: Members::new(&node_of_agent, nodes.len()),
            agents_of_organ: Members::new(&organ_of[Feed::Agent], organs.len()),
            nodes_of_organ,
            organ_of,
            organs,
            nodes,
        }
    }

    pub(super) fn file(&self, feed: Feed) -> Option<Readable<'d, 'a>> {
        self.delivery.readable(feed)
    }

    /// The texts of a field.
    pub(super) fn text(&self, feed: Feed, field: &str) -> Option<&'d Utf8ViewArray> {
        let parsed: &'d Parsed<'a> = self.file(feed)?.parsed;
        parsed.table.text(field)
    }

    /// The row of a line, where the line has the fields of a record.
    pub(super) fn row(&self, feed: Feed, line: u64) -> Option<u32> {
        self.file(feed)?.row(line)
    }

    /// The organisation in which a record is; an organisation is its own.
    pub(super) fn organ(&self, feed: Feed, row: u32) -> Option<u32> {
        self.organ_of[feed].get(row as usize).copied().filter(|organ| *organ != NOWHERE)
    }

    /// The agents that are in a team or an organisation itself, not below it.
    pub(super) fn agents(&self, feed: Feed, row: u32) -> &[u32] {
        match feed {
            Feed::Node => self.agents_of_node.of(row),
            Feed::Organ => self.agents_of_organ.of(row),
            Feed::Agent | Feed::Principal => &[],
        }
    }

    /// The teams that are in an organisation itself.
    pub(super) fn nodes_of(&self, organ: u32) -> &[u32] {
        self.nodes_of_organ.of(organ)
    }

    /// The key and the name of a record.
    pub(super) fn named(&self, feed: Feed, row: u32) -> Option<(String, String)> {
        let file = self.file(feed)?;
        let key = file.key(row)?.to_owned();
        let names =
            name_field(self.delivery.schema, feed).and_then(|field| file.parsed.table.text(field));
        let name = names.and_then(|names| names.get(row as usize)).unwrap_or_default();
        Some((key, name.to_owned()))
    }

    /// Whether an organisation is a head office: by its own cell it has nobody above it.
    pub(super) fn is_head_office(&self, organ: u32) -> bool {
        let parents = parent_field(self.delivery.schema, Feed::Organ)
            .and_then(|field| self.file(Feed::Organ)?.parsed.table.text(field));
        parents.is_some_and(|parents| parents.get(organ as usize).is_none())
    }

    /// The branch in which an organisation is: the one on its way up that stands right below the top.
    pub(super) fn branch(&self, organ: u32) -> u32 {
        self.organs.below_top(organ)
    }
}

/// The field that names the record above, of a feed whose records have levels.
pub(super) fn parent_field(schema: &Schema, feed: Feed) -> Option<&str> {
    let forest = schema.forests.iter().find(|f| f.feed == feed && f.has_levels())?;
    Some(&forest.parent)
}

/// The field that names the organisation of a record that is none itself.
pub(super) fn organ_field(schema: &Schema, feed: Feed) -> Option<&str> {
    if feed == Feed::Agent {
        return Some(WORKING_ORGAN);
    }
    let to_organ = |r: &&Reference| r.feed == feed && r.target == Feed::Organ;
    schema.references.iter().find(to_organ).map(|reference| reference.field.as_str())
}

/// The field that holds the name of a record, known from the copies of it.
pub(super) fn name_field(schema: &Schema, feed: Feed) -> Option<&str> {
    let copy = schema.copies.iter().find(|copy| copy.target == feed)?;
    Some(&copy.target_field)
}

/// Whether a reference says where the referring record stands, so that all below it hang from what it names.
pub(super) fn places(schema: &Schema, reference: &Reference) -> bool {
    let field = reference.field.as_str();
    match reference.feed {
        Feed::Agent => field == WORKING_NODE || field == WORKING_ORGAN,
        feed => {
            parent_field(schema, feed) == Some(field)
                || (feed != Feed::Organ && organ_field(schema, feed) == Some(field))
        }
    }
}

/// For each row of a feed the row that a field of it names, [`NOWHERE`] if none.
fn named_rows<'d>(
    delivery: &'d Delivery<'_>,
    accepted: &'d PerFeed<Acceptance>,
    links: &'d Links<'_>,
    feed: Feed,
) -> impl Fn(&str) -> Vec<u32> + 'd {
    move |field| {
        let (Some(link), Some(file)) = (links.of(feed, field), delivery.readable(feed)) else {
            return Vec::new();
        };
        let (Some(to), Some(cells)) =
            (delivery.readable(link.reference.target), file.parsed.table.text(field))
        else {
            return Vec::new();
        };
        let target = |row: u32| match link.target(row) {
            Target::Row(row) => row,
            Target::Unknown | Target::Presumed(_) => NOWHERE,
            Target::Empty if accepted[feed].accepts(row) => NOWHERE,
            // Links look at accepted rows only.
            Target::Empty => cells
                .get(row as usize)
                .and_then(|key| to.index.find(to.keys, key))
                .unwrap_or(NOWHERE),
        };
        (0..cells.len() as u32).map(target).collect()
    }
}

/// A forest over all rows of a feed.
pub(super) struct Tree {
    parents: Vec<Option<u32>>,
    ranges: Vec<Range<u32>>,
    /// All rows, each subtree together, its top first.
    order: Vec<u32>,
    depths: Vec<u32>,
    below_top: Vec<u32>,
}

impl Tree {
    fn new(parents: Vec<u32>) -> Tree {
        let forest =
            Forest::new(parents.into_iter().map(|p| (p != NOWHERE).then_some(p)).collect());
        let (ranges, depths) = (forest.subtree_ranges(), forest.depths());
        let mut order = vec![0; forest.len()];
        for (row, range) in ranges.iter().enumerate() {
            order[range.start as usize] = row as u32;
        }
        let parents = forest.parents().to_vec();
        let mut below_top: Vec<u32> = (0..forest.len() as u32).collect();
        for row in &order {
            if let Some(parent) = parents[*row as usize]
                && depths[*row as usize] > 1
            {
                below_top[*row as usize] = below_top[parent as usize];
            }
        }
        Tree { parents, ranges, order, depths, below_top }
    }

    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn parent(&self, row: u32) -> Option<u32> {
        self.parents[row as usize]
    }

    pub(super) fn depth(&self, row: u32) -> u32 {
        self.depths[row as usize]
    }

    /// All rows, each subtree together, its top first.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The range of a row's subtree in [`Tree::order`].
    pub(super) fn range(&self, row: u32) -> Range<u32> {
        self.ranges[row as usize].clone()
    }

    /// The row and all below it.
    pub(super) fn subtree(&self, row: u32) -> &[u32] {
        let range = self.range(row);
        &self.order[range.start as usize..range.end as usize]
    }

    fn below_top(&self, row: u32) -> u32 {
        self.below_top[row as usize]
    }

    /// For each row the sum of `values` over its subtree.
    pub(super) fn sums(&self, values: &[u64]) -> Vec<u64> {
        let mut sums = values.to_vec();
        for row in self.order.iter().rev() {
            if let Some(parent) = self.parents[*row as usize] {
                sums[parent as usize] += sums[*row as usize];
            }
        }
        sums
    }

    /// The lowest row that all of these are, or are below; `None` if there is none.
    pub(super) fn common(&self, rows: impl Iterator<Item = u32>) -> Option<u32> {
        let mut ends: Option<(u32, u32)> = None;
        for row in rows {
            let start = self.ranges[row as usize].start;
            let (first, last) = ends.unwrap_or((start, start));
            ends = Some((first.min(start), last.max(start)));
        }
        let (first, last) = ends?;
        let mut at = self.order[first as usize];
        while !self.ranges[at as usize].contains(&last) {
            at = self.parent(at)?;
        }
        Some(at)
    }
}

/// Rows by the record that they name.
struct Members {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Members {
    fn new(named: &[u32], records: usize) -> Members {
        let mut starts = vec![0; records + 1];
        for record in named.iter().filter(|record| **record != NOWHERE) {
            starts[*record as usize + 1] += 1;
        }
        for at in 0..records {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts[records] as usize];
        for (row, record) in named.iter().enumerate().filter(|(_, record)| **record != NOWHERE) {
            let at = &mut next[*record as usize];
            rows[*at as usize] = row as u32;
            *at += 1;
        }
        Members { starts, rows }
    }

    fn of(&self, record: u32) -> &[u32] {
        let at = record as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(start), Some(end)) => &self.rows[*start as usize..*end as usize],
            _ => &[],
        }
    }
}
