//! The forests of a delivery, and their rows as they are stored.

use std::{collections::BTreeMap, panic::resume_unwind, thread};

use polars_arrow::array::{Array, PrimitiveArray};

use crate::config::schema::{ForestSchema, Schema};
use crate::delivery::{Acceptance, Delivery, Readable};
use crate::forest::Forest;
use crate::links::{Links, Target};
use crate::model::{CarriedRow, Column, Feed, PerFeed, TreeRows, TreeSums};

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

/// A row of the published snapshot: accepted in this delivery, or carried from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Accepted(u32),
    Carried(u32),
}

/// The records of one feed as they will be published, sorted by key.
struct Published<'p> {
    ids: Vec<&'p str>,
    origins: Vec<Origin>,
    /// Positions of the carried keys.
    carried: BTreeMap<&'p str, u32>,
    /// Position by row of the delivery, [`Acceptance::NOWHERE`] if not accepted.
    position: Vec<u32>,
    file: Readable<'p, 'p>,
    rows: &'p [CarriedRow],
}

impl<'p> Published<'p> {
    fn new(
        file: Readable<'p, 'p>,
        acceptance: &Acceptance,
        rows: &'p [CarriedRow],
    ) -> Published<'p> {
        let key = |row: u32| file.keys.get(row as usize).unwrap_or_default();
        let accepted = acceptance.order.iter().map(|row| (key(*row), Origin::Accepted(*row)));
        let mut all: Vec<(&str, Origin)> = accepted.collect();
        if !rows.is_empty() {
            let carried = rows.iter().enumerate();
            all.extend(carried.map(|(at, row)| (row.key.as_str(), Origin::Carried(at as u32))));
            all.sort_by_key(|(id, _)| *id);
        }
        let mut position = vec![Acceptance::NOWHERE; acceptance.status.len()];
        let mut carried = BTreeMap::new();
        for (at, (id, origin)) in all.iter().enumerate() {
            match origin {
                Origin::Accepted(row) => position[*row as usize] = at as u32,
                Origin::Carried(_) => {
                    carried.insert(*id, at as u32);
                }
            }
        }
        let (ids, origins) = all.into_iter().unzip();
        Published { ids, origins, carried, position, file, rows }
    }

    /// Position of a record by its key.
    fn find(&self, key: &str) -> Option<u32> {
        let accepted = self.file.index.find(self.file.keys, key).map(|r| self.position[r as usize]);
        accepted.filter(|p| *p != Acceptance::NOWHERE).or_else(|| self.carried.get(key).copied())
    }

    /// For each record the position in `to` that its reference field names, if that is published.
    fn targets(&self, to: &Published<'_>, links: &Links<'_>, field: &str) -> Vec<Option<u32>> {
        let link = links.of(self.file.feed, field);
        let cells = self.file.parsed.table.text(field);
        let place = |origin: &Origin| match origin {
            Origin::Accepted(row) => match link?.target(*row) {
                Target::Row(target) => match to.position[target as usize] {
                    Acceptance::NOWHERE => to.carried.get(to.file.key(target)?).copied(),
                    at => Some(at),
                },
                // A line whose key cannot be trusted may still have its last good version carried.
                Target::Unknown => to.carried.get(cells?.get(*row as usize)?).copied(),
                Target::Empty => None,
            },
            Origin::Carried(at) => to.find(self.rows[*at as usize].texts.get(field)?),
        };
        self.origins.iter().map(place).collect()
    }

    /// Whether each record is active.
    fn active(&self) -> Vec<bool> {
        let Some(field) = status_field(self.file.feed) else { return vec![true; self.ids.len()] };
        let column: Option<&PrimitiveArray<i64>> = match self.file.parsed.table.column(field) {
            Some(Column::Int(column)) => Some(column),
            _ => None,
        };
        let is_active = |origin: &Origin| match origin {
            Origin::Accepted(row) => {
                column.is_some_and(|c| c.is_valid(*row as usize) && c.value(*row as usize) == 1)
            }
            Origin::Carried(at) => {
                self.rows[*at as usize].texts.get(field).is_some_and(|t| t == "1")
            }
        };
        self.origins.iter().map(is_active).collect()
    }
}

/// The fields of a carried row that trees need: references of forests, the agent's places, the status.
pub fn fields_of_carried(schema: &Schema, feed: Feed) -> Vec<String> {
    let parents = schema.forests.iter().filter(|f| f.feed == feed).map(|f| f.parent.clone());
    let places = [WORKING_NODE, WORKING_ORGAN].into_iter().filter(|_| feed == Feed::Agent);
    let fields = parents.chain(places.chain(status_field(feed)).map(str::to_owned));
    fields.filter(|f| schema.feed(feed).position(f).is_some()).collect()
}

/// The rows of every forest over the snapshot to be published: accepted rows and carried ones.
///
/// A forest without carried rows is taken as it was
/// built for the rules.
pub fn tree_rows<'p>(
    delivery: &'p Delivery<'p>,
    accepted: &'p PerFeed<Acceptance>,
    links: &Links<'_>,
    forests: Vec<DeliveredForest<'p>>,
    carried: &'p PerFeed<Vec<CarriedRow>>,
) -> Vec<(&'p ForestSchema, TreeRows<'p>)> {
    let published: PerFeed<Option<Published<'p>>> = PerFeed::from_fn(|feed| {
        let file = delivery.readable(feed)?;
        Some(Published::new(file, &accepted[feed], &carried[feed]))
    });
    let rows = |delivered: DeliveredForest<'p>| {
        let schema = delivered.schema;
        let own = published[schema.feed].as_ref()?;
        let forest = if own.rows.is_empty() {
            delivered.forest
        } else {
            Forest::new(own.targets(own, links, &schema.parent))
        };
        let agents = published[Feed::Agent].as_ref();
        Some((schema, rows_of(schema, own, agents, links, &forest)))
    };
    // Every forest on a thread of its own: one of them has as many nodes as there are agents, and those
    // with levels count the agents.
    thread::scope(|scope| {
        let rows = &rows;
        let workers: Vec<_> =
            forests.into_iter().map(|forest| scope.spawn(move || rows(forest))).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn rows_of<'p>(
    schema: &ForestSchema,
    own: &Published<'p>,
    agents: Option<&Published<'_>>,
    links: &Links<'_>,
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
