//! `customer_tag`: tags of customers and groups of them, `change_external_tag`.

use std::borrow::Cow;

use rusqlite::Connection;

use super::Step;
use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;

const TABLE: Table = Table { name: "customer_tag", key: &["tag_id"], has_lifecycle: true };

/// How events change a customer tag.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold, is_newest: None };

const FIELDS: [(&str, &str); 2] = [("tag_type", "TagType"), ("strategy_id", "StrategyId")];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let mut fields = row::fields(&step, &FIELDS);
    let (lifecycle, shuffled) = match step.change() {
        "create" => (Lifecycle::Created, None),
        "delete" => (Lifecycle::Deleted, None),
        "shuffle" => (Lifecycle::Unaffected, Some(Cow::Borrowed(step.at))),
        _ => (Lifecycle::Updated, None),
    };
    fields.push(("shuffled_at", shuffled));
    row::write(conn, &TABLE, &[&object.id], &fields, lifecycle, &step)
}
