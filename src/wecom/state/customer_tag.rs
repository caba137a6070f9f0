//! `customer_tag`: tags of customers and groups of them, `change_external_tag`.

use std::borrow::Cow;

use rusqlite::Connection;

use super::Step;
use super::row::{self, Life, Table};

pub(super) const TABLE: Table = Table { name: "customer_tag", key: &["tag_id"], mortal: true };

const FIELDS: [(&str, &str); 2] = [("tag_type", "TagType"), ("strategy_id", "StrategyId")];

pub(super) fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let mut fields = row::fields(&step, &FIELDS);
    let (life, shuffled) = match step.change() {
        "create" => (Life::Begins, None),
        "delete" => (Life::Ends, None),
        "shuffle" => (Life::Untold, Some(Cow::Borrowed(step.at))),
        _ => (Life::GoesOn, None),
    };
    fields.push(("shuffled_at", shuffled));
    row::write(conn, &TABLE, &[&object.id], &fields, life, &step)
}
