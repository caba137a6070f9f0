//! `tag`, `tag_member`, `tag_department`: `update_tag` of `change_contact`, by which members get and lose tags.

use rusqlite::Connection;

use super::Step;
use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;

const TABLE: Table = Table { name: "tag", key: &["tag_id"], has_lifecycle: false };

/// How events change a tag.
pub(super) static STATE: State =
    State { table: &TABLE, links: &["tag_member", "tag_department"], fold, is_newest: None };

/// The tables of what a tag is given to, with the fields that tell what gains and what loses it.
const HOLDERS: [(&str, &str, &str, &str); 2] = [
    ("tag_member", "user_id", "AddUserItems", "DelUserItems"),
    ("tag_department", "department_id", "AddPartyItems", "DelPartyItems"),
];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    row::write(conn, &TABLE, &[&object.id], &[], Lifecycle::Updated, &step)?;
    for (table, holder, add, del) in HOLDERS {
        let items = |name: &str| step.event.fields.get(name).map(|list| list.items());
        let columns = format!("(tag_id, {holder}, added_at, removed_at, changed_at, event_id)");
        let conflict = format!("on conflict (tag_id, {holder}) do update set");
        let mut added = conn.prepare_cached(&format!(
            "insert into {table} {columns} values (?1, ?2, ?3, null, ?3, ?4) {conflict} \
             added_at = case when removed_at is null then added_at else ?3 end, removed_at = null, \
             changed_at = ?3, event_id = ?4"
        ))?;
        for id in items(add).unwrap_or_default() {
            added.execute((&object.id, id, step.at, step.id))?;
        }
        let mut removed = conn.prepare_cached(&format!(
            "insert into {table} {columns} values (?1, ?2, null, ?3, ?3, ?4) {conflict} \
             removed_at = ?3, changed_at = ?3, event_id = ?4"
        ))?;
        for id in items(del).unwrap_or_default() {
            removed.execute((&object.id, id, step.at, step.id))?;
        }
    }
    Ok(())
}
