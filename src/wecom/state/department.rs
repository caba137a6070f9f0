//! `department`: `create_party`, `update_party`, `delete_party` of `change_contact`.

use rusqlite::Connection;

use super::Step;
use super::row::{self, Life, Table};

pub(super) const TABLE: Table = Table { name: "department", key: &["department_id"], mortal: true };

const FIELDS: [(&str, &str); 3] =
    [("name", "Name"), ("parent_id", "ParentId"), ("sort_order", "Order")];

pub(super) fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let life = match step.change() {
        "create_party" => Life::Begins,
        "delete_party" => Life::Ends,
        _ => Life::GoesOn,
    };
    row::write(conn, &TABLE, &[&object.id], &row::fields(&step, &FIELDS), life, &step)
}
