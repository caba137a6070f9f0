//! `department`: `create_party`, `update_party`, `delete_party` of `change_contact`.

use rusqlite::Connection;

use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;
use super::step::{Meaning, Step};

const TABLE: Table = Table { name: "department", key: &["department_id"], has_lifecycle: true };

/// How events change a department.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold };

const FIELDS: [(&str, &str); 3] =
    [("name", "Name"), ("parent_id", "ParentId"), ("sort_order", "Order")];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let key = [object.id.as_str()];
    let lifecycle = match step.meaning() {
        Meaning::Begins => row::beginning(conn, &TABLE, &key, &step)?,
        Meaning::Ends => Lifecycle::Deleted,
        _ => Lifecycle::Updated,
    };
    row::write(conn, &TABLE, &key, &row::fields(&step, &FIELDS), lifecycle, &step)
}
