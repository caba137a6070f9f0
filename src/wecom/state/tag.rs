//! `tag`, `tag_member`, `tag_department`: `update_tag` of `change_contact`, by which members get and lose tags.

use rusqlite::Connection;

use super::Step;
use super::identity;
use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;

const TABLE: Table = Table { name: "tag", key: &["tag_id"], has_lifecycle: false };

/// How events change a tag.
pub(super) static STATE: State =
    State { table: &TABLE, links: &["tag_member", "tag_department"], fold };

/// What a tag is given to.
struct Holders {
    table: &'static str,
    column: &'static str,
    /// The fields that tell what gains and what loses the tag.
    add: &'static str,
    del: &'static str,
    are_members: bool,
}

const HOLDERS: [Holders; 2] = [
    Holders {
        table: "tag_member",
        column: "user_id",
        add: "AddUserItems",
        del: "DelUserItems",
        are_members: true,
    },
    Holders {
        table: "tag_department",
        column: "department_id",
        add: "AddPartyItems",
        del: "DelPartyItems",
        are_members: false,
    },
];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    row::write(conn, &TABLE, &[&object.id], &[], Lifecycle::Updated, &step)?;
    for Holders { table, column, add, del, are_members } in &HOLDERS {
        let holders = |name: &str| -> rusqlite::Result<Vec<String>> {
            let items = step.event.fields.get(name).map(|list| list.items()).unwrap_or_default();
            items
                .into_iter()
                .map(|id| match are_members {
                    true => identity::current(conn, id, step.at),
                    false => Ok(id.to_owned()),
                })
                .collect()
        };
        let columns = format!("(tag_id, {column}, added_at, removed_at, changed_at, event_id)");
        let conflict = format!("on conflict (tag_id, {column}) do update set");
        // What gains and loses a tag within one second has lost it, whichever is told first.
        let mut added = conn.prepare_cached(&format!(
            "insert into {table} {columns} values (?1, ?2, ?3, null, ?3, ?4) {conflict} \
             added_at = case when removed_at is null or removed_at = ?3 then coalesce(added_at, ?3) else ?3 end, \
             removed_at = case when removed_at = ?3 then removed_at end, changed_at = ?3, event_id = ?4"
        ))?;
        for id in holders(add)? {
            added.execute((&object.id, id, step.at, step.id))?;
        }
        let mut removed = conn.prepare_cached(&format!(
            "insert into {table} {columns} values (?1, ?2, null, ?3, ?3, ?4) {conflict} \
             removed_at = ?3, changed_at = ?3, event_id = ?4"
        ))?;
        for id in holders(del)? {
            removed.execute((&object.id, id, step.at, step.id))?;
        }
    }
    Ok(())
}
