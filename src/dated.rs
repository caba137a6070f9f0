//! What needs the trees of a date that is not the newest; they are built by the code that builds those of a publication.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::model::{Feed, PerFeed, StoredRows};
use crate::store::{Change, Difference, Reader, StoreError, StoredForest};
use crate::trees::{WORKING_NODE, WORKING_ORGAN, status_field, stored_tree_rows};

/// Fills the trees of the date that the reader shows, as far as they are asked for by the names of their tables and not
/// filled yet.
///
/// # Errors
/// Any fault of the database.
pub fn fill_trees(reader: &mut Reader, tables: &BTreeSet<String>) -> Result<(), StoreError> {
    let is_wanted = |forest: &StoredForest| {
        let name = &forest.schema.name;
        reader.unfilled_trees().contains(name) && tables.contains(&format!("{name}_tree"))
    };
    let forests: Vec<StoredForest> =
        reader.stored_forests()?.into_iter().filter(|forest| is_wanted(forest)).collect();
    if forests.is_empty() {
        return Ok(());
    }
    let rows = PerFeed::try_from_fn(|feed| rows_of(reader, feed, &forests))?;
    let forests = forests.iter().map(|forest| (&forest.schema, forest.name_column.as_deref()));
    for (forest, rows) in stored_tree_rows(forests, &rows) {
        reader.fill_tree(forest, &rows)?;
    }
    Ok(())
}

/// The rows of a feed that the forests need: their own, and the agents in those with levels.
fn rows_of(
    reader: &Reader,
    feed: Feed,
    forests: &[StoredForest],
) -> Result<StoredRows, StoreError> {
    let counts_agents = feed == Feed::Agent && forests.iter().any(|f| f.schema.has_levels());
    let of_feed = forests.iter().filter(|forest| forest.schema.feed == feed);
    let own: BTreeSet<&str> = of_feed
        .flat_map(|f| [Some(f.schema.parent.as_str()), f.name_column.as_deref()])
        .flatten()
        .collect();
    if own.is_empty() && !counts_agents {
        return Ok(StoredRows::new(&[]));
    }
    let mut fields: Vec<(&str, String)> =
        own.iter().map(|column| (*column, (*column).to_owned())).collect();
    let places = [WORKING_NODE, WORKING_ORGAN].into_iter().filter(|_| counts_agents);
    fields.extend(places.chain(status_field(feed)).map(|field| (field, column_of(field))));
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(field, column)| (*field, column.as_str())).collect();
    reader.rows(feed, &fields)
}

/// The column of a field of the contract: `agentName` is in `agent_name`.
fn column_of(field: &str) -> String {
    let mut column = String::with_capacity(field.len() + 4);
    for c in field.chars() {
        if c.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(c.to_ascii_lowercase());
    }
    column
}

/// What differs between the snapshots that are in force on two dates. Organisations and teams that moved are told with the
/// agents in them and below them.
///
/// # Errors
/// [`StoreError::UnknownDate`] if one of the dates is before all snapshots; any fault of the database.
pub fn difference(
    reader: &mut Reader,
    from: NaiveDate,
    to: NaiveDate,
    schema: &Schema,
) -> Result<Difference, StoreError> {
    let copied = schema.copies.iter().filter_map(|copy| {
        let feed = schema.feed(copy.feed);
        let field = feed.fields.get(feed.position(&copy.field)?)?;
        Some((copy.feed, field.column.clone()))
    });
    let to = reader.show_date(Some(to))?;
    let mut difference = reader.difference(from, &to, &copied.collect())?;
    for (feed, forest) in [(Feed::Organ, "organ"), (Feed::Node, "node")] {
        let is_moved = |change: Change| change == Change::Moved;
        let mut moved = difference
            .records
            .iter_mut()
            .filter(|r| r.feed == feed && is_moved(r.change))
            .peekable();
        if moved.peek().is_some() && reader.forests()?.iter().any(|known| known == forest) {
            fill_trees(reader, &BTreeSet::from([format!("{forest}_tree")]))?;
            for record in moved {
                record.agents_below = reader.agents_below(forest, &record.id)?;
            }
        }
    }
    Ok(difference)
}
