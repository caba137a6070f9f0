//! `department`: `create_party`, `update_party`, `delete_party` of `change_contact`.

use rusqlite::Connection;

use super::Step;
use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;

const TABLE: Table = Table { name: "department", key: &["department_id"], has_lifecycle: true };

/// How events change a department.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold, is_newest: None };

const FIELDS: [(&str, &str); 3] =
    [("name", "Name"), ("parent_id", "ParentId"), ("sort_order", "Order")];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let lifecycle = match step.change() {
        "create_party" => Lifecycle::Created,
        "delete_party" => Lifecycle::Deleted,
        _ => Lifecycle::Updated,
    };
    row::write(conn, &TABLE, &[&object.id], &row::fields(&step, &FIELDS), lifecycle, &step)
}
