//! `customer_group` and `customer_group_member`: `change_external_chat`.
//!
//! Events tell that an owner, a name or a notice changed, not what it is now; that has to be asked of the API.

use std::borrow::Cow;

use rusqlite::Connection;

use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;
use super::step::{Meaning, Step};

const TABLE: Table = Table { name: "customer_group", key: &["chat_id"], has_lifecycle: true };

/// How events change a customer group.
pub(super) static STATE: State = State { table: &TABLE, links: &["customer_group_member"], fold };

const FIELDS: [(&str, &str); 2] =
    [("last_detail", "UpdateDetail"), ("member_version", "CurMemVer")];

/// The columns that say when something of a group changed, by the detail of the event.
const CHANGES: [(&str, &str); 3] = [
    ("owner_changed_at", "change_owner"),
    ("name_changed_at", "change_name"),
    ("notice_changed_at", "change_notice"),
];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let chat = object.id.as_str();
    let detail = step.event.fields.filled("UpdateDetail");
    let mut fields = row::fields(&step, &FIELDS);
    fields.extend(CHANGES.iter().map(|(column, name)| {
        (*column, (detail == Some(*name)).then_some(Cow::Borrowed(step.at)))
    }));
    let lifecycle = match step.meaning() {
        Meaning::Begins => row::beginning(conn, &TABLE, &[chat], &step)?,
        Meaning::Ends => Lifecycle::Deleted,
        _ => Lifecycle::Updated,
    };
    row::write(conn, &TABLE, &[chat], &fields, lifecycle, &step)?;
    if lifecycle == Lifecycle::Created {
        row::delete_all(conn, "customer_group_member", "chat_id", chat)?;
    }
    let leaving = match (step.meaning(), detail) {
        (Meaning::Begins, _) | (_, Some("add_member")) => false,
        (_, Some("del_member")) => true,
        _ => return Ok(()),
    };
    change_members(conn, chat, leaving, &step)
}

fn change_members(
    conn: &Connection,
    chat: &str,
    leaving: bool,
    step: &Step<'_>,
) -> rusqlite::Result<()> {
    let fields = &step.event.fields;
    let (at, scene, other_at, other_scene, name) = if leaving {
        ("left_at", "quit_scene", "joined_at", "join_scene", "QuitScene")
    } else {
        ("joined_at", "join_scene", "left_at", "quit_scene", "JoinScene")
    };
    // Who comes back has not left; who leaves has still come at some time. Who comes and leaves within one second has
    // left, whichever is told first.
    let other = match leaving {
        true => String::new(),
        false => format!(
            ", {other_scene} = case when {other_at} = ?3 then {other_scene} end, \
             {other_at} = case when {other_at} = ?3 then {other_at} end"
        ),
    };
    let mut change = conn.prepare_cached(&format!(
        "insert into customer_group_member (chat_id, member_id, {at}, {scene}, changed_at, event_id) \
         values (?1, ?2, ?3, ?4, ?3, ?5) on conflict (chat_id, member_id) do update set \
         {at} = ?3, {scene} = ?4, changed_at = ?3, event_id = ?5{other}"
    ))?;
    let scene = fields.text_of(name);
    for member in fields.get("MemChangeList").map(|list| list.items()).unwrap_or_default() {
        change.execute((chat, member, step.at, scene, step.id))?;
    }
    Ok(())
}
