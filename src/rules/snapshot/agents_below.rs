//! How many agents work in a record of a forest with levels, or below it.

use crate::model::Feed;
use crate::rules::{RowContext, Unreadable};

/// The accepted agents in each record of a feed and below it, by position; `place` is the agents' field that names the
/// record. Edges that are left out of the forest do not count. Empty where the feed has no forest with levels.
pub(super) fn agents_below(
    context: &RowContext<'_, '_>,
    feed: Feed,
    place: &str,
) -> Result<Vec<u32>, Unreadable> {
    let (agents, rows) = (context.rows(Feed::Agent)?, context.rows(feed)?);
    let mut forests = context.forests.iter();
    let Some(forest) = forests.find(|f| f.schema.feed == feed && f.schema.has_levels()) else {
        return Ok(Vec::new());
    };
    let mut counts = vec![0; forest.forest.len()];
    let places = context.references(Feed::Agent, place);
    for place in agents.iter().filter_map(|agent| places.target(agent)) {
        counts[rows.position(place)] += 1;
    }
    Ok(forest.forest.subtree_sums(counts))
}
