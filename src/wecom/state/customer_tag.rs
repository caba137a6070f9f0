//! `customer_tag`: tags of customers and groups of them, `change_external_tag`.

use std::borrow::Cow;

use rusqlite::Connection;

use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;
use super::step::{Meaning, Step};

const TABLE: Table = Table { name: "customer_tag", key: &["tag_id"], has_lifecycle: true };

/// How events change a customer tag.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold };

const FIELDS: [(&str, &str); 2] = [("tag_type", "TagType"), ("strategy_id", "StrategyId")];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let mut fields = row::fields(&step, &FIELDS);
    let key = [object.id.as_str()];
    let shuffles = step.change() == "shuffle";
    let lifecycle = match step.meaning() {
        _ if shuffles => Lifecycle::Unaffected,
        Meaning::Begins => row::beginning(conn, &TABLE, &key, &step)?,
        Meaning::Ends => Lifecycle::Deleted,
        _ => Lifecycle::Updated,
    };
    fields.push(("shuffled_at", shuffles.then_some(Cow::Borrowed(step.at))));
    row::write(conn, &TABLE, &key, &fields, lifecycle, &step)
}
