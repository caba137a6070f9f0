//! The forests of a delivery, and their rows as they are stored.

use std::{panic::resume_unwind, thread};

use polars_arrow::array::{Array, PrimitiveArray};

use crate::config::schema::{ForestSchema, Schema};
use crate::delivery::{Acceptance, Delivery, Readable};
use crate::forest::Forest;
use crate::links::{Links, Target};
use crate::model::{Column, Feed, PerFeed, StoredRows, TreeRows, TreeSums};

/// The agent's own team: a field of the contract.
pub const WORKING_NODE: &str = "workingNodeId";
/// The agent's own organisation: a field of the contract.
pub const WORKING_ORGAN: &str = "workingOrganId";

/// The field that says whether a record is active (it is when the field holds 1); feeds without such a
/// field have active records only.
pub fn status_field(feed: Feed) -> Option<&'static str> {
    match feed {
        Feed::Agent => Some("agentStatus"),
        Feed::Node => Some("work"),
        Feed::Principal => Some("principalStatus"),
        Feed::Organ => None,
    }
}

/// A forest over the accepted rows of its feed.
#[derive(Debug)]
pub struct DeliveredForest<'s> {
    /// Its declaration.
    pub schema: &'s ForestSchema,
    /// Nodes are positions in [`Acceptance::order`] of its feed.
    pub forest: Forest,
    /// Edges that the accepted rows deliver: filled parent cells.
    pub delivered: u64,
    /// Edges left out because the parent is unknown or because they close a cycle.
    pub detached: u64,
}

impl<'s> DeliveredForest<'s> {
    /// Builds every forest of the schema whose feed could be read.
    pub fn all(
        delivery: &'s Delivery<'_>,
        accepted: &PerFeed<Acceptance>,
        links: &Links<'_>,
    ) -> Vec<DeliveredForest<'s>> {
        delivery
            .schema
            .forests
            .iter()
            .filter_map(|schema| DeliveredForest::new(schema, accepted, links))
            .collect()
    }

    fn new(
        schema: &'s ForestSchema,
        accepted: &PerFeed<Acceptance>,
        links: &Links<'_>,
    ) -> Option<DeliveredForest<'s>> {
        let link = links.of(schema.feed, &schema.parent)?;
        let acceptance = &accepted[schema.feed];
        let mut delivered = 0;
        let parent = acceptance.order.iter().map(|row| match link.target(*row) {
            Target::Empty => None,
            Target::Unknown => {
                delivered += 1;
                None
            }
            Target::Presumed(_) => {
                delivered += 1;
                None
            }
            Target::Row(parent) => {
                delivered += 1;
                acceptance.accepts(parent).then(|| acceptance.position[parent as usize])
            }
        });
        let forest = Forest::new(parent.collect());
        let in_cycles: usize = forest.cycles().iter().map(Vec::len).sum();
        let detached = link.unknown().len() as u64 + in_cycles as u64;
        Some(DeliveredForest { schema, forest, delivered, detached })
    }
}

/// A row of a snapshot: accepted in this delivery, or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Accepted(u32),
    Stored(u32),
}

/// The records of one feed in a snapshot, sorted by key: those of a delivery with what is carried beside them, or all of
/// them stored.
struct Published<'p> {
    feed: Feed,
    ids: Vec<&'p str>,
    origins: Vec<Origin>,
    /// Position by row of the delivery, [`Acceptance::NOWHERE`] if not accepted.
    position: Vec<u32>,
    file: Option<Readable<'p, 'p>>,
    rows: &'p StoredRows,
}

impl<'p> Published<'p> {
    /// The accepted rows but those left out, and stored rows of other keys.
    fn new(
        file: Readable<'p, 'p>,
        acceptance: &Acceptance,
        left_out: &[u32],
        rows: &'p StoredRows,
    ) -> Published<'p> {
        let key = |row: u32| file.keys.get(row as usize).unwrap_or_default();
        let mut kept = vec![true; acceptance.status.len()];
        for row in left_out {
            kept[*row as usize] = false;
        }
        let accepted = acceptance.order.iter().filter(|row| kept[**row as usize]);
        let accepted = accepted.map(|row| (key(*row), Origin::Accepted(*row)));
        let mut all: Vec<(&str, Origin)> = accepted.collect();
        if !rows.is_empty() {
            all.extend(stored(rows));
            all.sort_by_key(|(id, _)| *id);
        }
        let mut position = vec![Acceptance::NOWHERE; acceptance.status.len()];
        for (at, (_, origin)) in all.iter().enumerate() {
            if let Origin::Accepted(row) = origin {
                position[*row as usize] = at as u32;
            }
        }
        let (ids, origins) = all.into_iter().unzip();
        Published { feed: file.feed, ids, origins, position, file: Some(file), rows }
    }

    fn stored(feed: Feed, rows: &'p StoredRows) -> Published<'p> {
        let (ids, origins) = stored(rows).unzip();
        Published { feed, ids, origins, position: Vec::new(), file: None, rows }
    }

    /// Position of a record by its key.
    fn find(&self, key: &str) -> Option<u32> {
        self.ids.binary_search(&key).ok().map(|at| at as u32)
    }

    /// Position of a record by its key, if only a stored one can have it.
    fn find_stored(&self, key: &str) -> Option<u32> {
        if self.rows.is_empty() { None } else { self.find(key) }
    }

    /// For each record the position in `to` that its reference field names, if that is published.
    fn targets(
        &self,
        to: &Published<'_>,
        links: Option<&Links<'_>>,
        field: &str,
    ) -> Vec<Option<u32>> {
        let link = links.and_then(|links| links.of(self.feed, field));
        let cells = self.file.and_then(|file| file.parsed.table.text(field));
        let place = |origin: &Origin| match origin {
            Origin::Accepted(row) => match link?.target(*row) {
                Target::Row(target) => match to.position[target as usize] {
                    Acceptance::NOWHERE => to.find_stored(to.file?.key(target)?),
                    at => Some(at),
                },
                // A line whose key cannot be trusted may still have its last good version carried.
                Target::Unknown | Target::Presumed(_) => to.find_stored(cells?.get(*row as usize)?),
                Target::Empty => None,
            },
            Origin::Stored(at) => to.find(self.rows.cell(*at as usize, field)?),
        };
        self.origins.iter().map(place).collect()
    }

    /// A text of each record; none of any without a field.
    fn texts(&self, field: Option<&str>) -> Vec<Option<&'p str>> {
        let Some(field) = field else { return vec![None; self.ids.len()] };
        let cells = self.file.and_then(|file| file.parsed.table.text(field));
        let text = |origin: &Origin| match origin {
            Origin::Accepted(row) => cells?.get(*row as usize).filter(|text| !text.is_empty()),
            Origin::Stored(at) => self.rows.cell(*at as usize, field),
        };
        self.origins.iter().map(text).collect()
    }

    /// Whether each record is active.
    fn active(&self) -> Vec<bool> {
        let Some(field) = status_field(self.feed) else { return vec![true; self.ids.len()] };
        let table = self.file.map(|file| &file.parsed.table);
        let column: Option<&PrimitiveArray<i64>> = match table.and_then(|t| t.column(field)) {
            Some(Column::Int(column)) => Some(column),
            _ => None,
        };
        let is_active = |origin: &Origin| match origin {
            Origin::Accepted(row) => {
                column.is_some_and(|c| c.is_valid(*row as usize) && c.value(*row as usize) == 1)
            }
            Origin::Stored(at) => self.rows.cell(*at as usize, field) == Some("1"),
        };
        self.origins.iter().map(is_active).collect()
    }
}

fn stored(rows: &StoredRows) -> impl Iterator<Item = (&str, Origin)> {
    (0..rows.len()).map(|at| (rows.key(at), Origin::Stored(at as u32)))
}

/// The fields of a stored row that trees need: references of forests, the agent's places, the status, and the name
/// where the records have levels.
pub fn fields_of_stored(schema: &Schema, feed: Feed) -> Vec<&str> {
    let parents = schema.forests.iter().filter(|f| f.feed == feed).map(|f| f.parent.as_str());
    let is_place = |field: &str| [WORKING_NODE, WORKING_ORGAN].contains(&field);
    let references = schema.references.iter().filter(|r| r.feed == feed).map(|r| r.field.as_str());
    let places = references.filter(|field| feed == Feed::Agent && is_place(field));
    let name = schema.levels(feed).and_then(|_| schema.name_field(feed)).map(|f| f.name.as_str());
    let fields = parents.chain(places).chain(status_field(feed)).chain(name);
    fields.filter(|f| schema.feed(feed).position(f).is_some()).collect()
}

/// The rows of every forest over a snapshot that is stored whole, its rows by key with the fields of
/// [`fields_of_stored`]. Each forest comes with the field that names its records.
pub fn stored_tree_rows<'p>(
    forests: impl IntoIterator<Item = (&'p ForestSchema, Option<&'p str>)>,
    rows: &'p PerFeed<StoredRows>,
) -> Vec<(&'p ForestSchema, TreeRows<'p>)> {
    let published = PerFeed::from_fn(|feed| Published::stored(feed, &rows[feed]));
    let rows = |(forest, name): (&'p ForestSchema, Option<&'p str>)| {
        let own = &published[forest.feed];
        let edges = Forest::new(own.targets(own, None, &forest.parent));
        (forest, rows_of(forest, name, own, Some(&published[Feed::Agent]), None, &edges))
    };
    forests.into_iter().map(rows).collect()
}

/// The field that names the records of a forest.
pub fn name_of_records<'s>(schema: &'s Schema, forest: &ForestSchema) -> Option<&'s str> {
    schema.name_field(forest.feed).map(|field| field.name.as_str())
}

/// The rows of every forest over the snapshot to be published: accepted rows and carried ones.
///
/// A forest without carried rows is taken as it was
/// built for the rules.
pub fn tree_rows<'p>(
    delivery: &'p Delivery<'p>,
    accepted: &'p PerFeed<Acceptance>,
    links: &Links<'_>,
    forests: &[DeliveredForest<'p>],
    carried: &'p PerFeed<StoredRows>,
) -> Vec<(&'p ForestSchema, TreeRows<'p>)> {
    let published = PerFeed::from_fn(|feed| {
        let file = delivery.readable(feed)?;
        Some(Published::new(file, &accepted[feed], &[], &carried[feed]))
    });
    let forests = forests.iter().map(|delivered| {
        let as_built = carried[delivered.schema.feed].is_empty();
        (delivered.schema, as_built.then_some(&delivered.forest))
    });
    all_rows(delivery.schema, &published, links, forests)
}

/// The rows of every forest over the snapshot before, from which the delivery differs: in the accepted rows `fresh`, which
/// are new or have other content, and in the rows `former` of it that the delivery does not have as they were.
pub fn former_tree_rows<'p>(
    delivery: &'p Delivery<'p>,
    accepted: &'p PerFeed<Acceptance>,
    links: &Links<'_>,
    fresh: &PerFeed<&[u32]>,
    former: &'p PerFeed<StoredRows>,
) -> Vec<(&'p ForestSchema, TreeRows<'p>)> {
    let published = PerFeed::from_fn(|feed| {
        let file = delivery.readable(feed)?;
        Some(Published::new(file, &accepted[feed], fresh[feed], &former[feed]))
    });
    let forests = delivery.schema.forests.iter().map(|forest| (forest, None));
    all_rows(delivery.schema, &published, links, forests)
}

/// The rows of these forests; one that is not built yet is built of the published rows.
fn all_rows<'p, 'f>(
    schema: &Schema,
    published: &PerFeed<Option<Published<'p>>>,
    links: &Links<'_>,
    forests: impl Iterator<Item = (&'p ForestSchema, Option<&'f Forest>)>,
) -> Vec<(&'p ForestSchema, TreeRows<'p>)> {
    let rows = |forest: &'p ForestSchema, built: Option<&Forest>| {
        let own = published[forest.feed].as_ref()?;
        let agents = published[Feed::Agent].as_ref();
        let name = name_of_records(schema, forest);
        let rows = |built: &Forest| rows_of(forest, name, own, agents, Some(links), built);
        let rows = match built {
            Some(built) => rows(built),
            None => rows(&Forest::new(own.targets(own, Some(links), &forest.parent))),
        };
        Some((forest, rows))
    };
    // Every forest on a thread of its own: one of them has as many nodes as there are agents, and those
    // with levels count the agents.
    thread::scope(|scope| {
        let rows = &rows;
        let workers: Vec<_> =
            forests.map(|(schema, built)| scope.spawn(move || rows(schema, built))).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn rows_of<'p>(
    schema: &ForestSchema,
    name: Option<&str>,
    own: &Published<'p>,
    agents: Option<&Published<'_>>,
    links: Option<&Links<'_>>,
    forest: &Forest,
) -> TreeRows<'p> {
    let ones = |active: &[bool]| active.iter().map(|a| u32::from(*a)).collect::<Vec<u32>>();
    let sums = if schema.has_levels() {
        let (mut agent_count, mut active_agent_count) =
            (vec![0; own.ids.len()], vec![0; own.ids.len()]);
        let place = match schema.feed {
            Feed::Node => Some(WORKING_NODE),
            Feed::Organ => Some(WORKING_ORGAN),
            Feed::Agent | Feed::Principal => None,
        };
        if let (Some(agents), Some(place)) = (agents, place) {
            let active = agents.active();
            for (at, active) in agents.targets(own, links, place).into_iter().zip(active) {
                if let Some(at) = at {
                    agent_count[at as usize] += 1;
                    active_agent_count[at as usize] += u32::from(active);
                }
            }
        }
        TreeSums::Levels {
            names: own.texts(name),
            agent_count: forest.subtree_sums(agent_count),
            active_agent_count: forest.subtree_sums(active_agent_count),
        }
    } else {
        TreeSums::Lineage {
            root: forest.roots(),
            active_descendant_count: forest.sums_below(&ones(&own.active())),
        }
    };
    TreeRows {
        ids: own.ids.clone(),
        parent: forest.parents().to_vec(),
        depth: forest.depths(),
        child_count: forest.child_counts(),
        descendant_count: forest.sums_below(&vec![1; own.ids.len()]),
        sums,
    }
}
