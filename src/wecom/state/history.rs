//! The rows of one object made anew from its events.

use rusqlite::Connection;

use super::entries::{entries, ids_of};
use super::identity;
use super::kinds::state_of;
use super::row;
use super::step::Step;
use crate::wecom::event::{Event, ObjectKind};

/// Deletes the rows of an object, under all ids that it has had.
pub(super) fn forget(conn: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<()> {
    let state = state_of(kind);
    for id in ids_of(conn, kind, id)? {
        for table in state.links.iter().copied().chain([state.table.name]) {
            row::delete_all(conn, table, state.table.key[0], &id)?;
        }
    }
    Ok(())
}

/// Hands over the events of an object in their order.
pub(super) fn replay(
    conn: &Connection,
    kind: ObjectKind,
    id: &str,
    mut fold: impl FnMut(Step<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut body = conn.prepare_cached("select body from callback_event where id = ?1")?;
    for entry in entries(conn, kind, &ids_of(conn, kind, id)?)? {
        let event =
            body.query_row([entry.id], |row| Ok(Event::parse(row.get_ref(0)?.as_bytes()?)))?;
        fold(Step { id: entry.id, at: &entry.at, hash: &entry.hash, event: &event })?;
    }
    Ok(())
}

/// Writes which member the ids of a member mean; returns the objects for which that makes a difference.
pub(super) fn identify(
    conn: &Connection,
    user_id: &str,
) -> rusqlite::Result<Vec<(ObjectKind, String)>> {
    let ids = ids_of(conn, ObjectKind::Member, user_id)?;
    let periods = match ids.len() {
        1 => Vec::new(),
        _ => identity::periods(&ids, &entries(conn, ObjectKind::Member, &ids)?),
    };
    let mut dependents = Vec::new();
    if !identity::replace(conn, &ids, &periods)? {
        return Ok(dependents);
    }
    for (kind, sql) in [
        (ObjectKind::Tag, "select distinct tag_id from tag_member where user_id = ?1"),
        (
            ObjectKind::ExternalContact,
            "select distinct external_user_id from external_contact where user_id = ?1",
        ),
    ] {
        let mut select = conn.prepare_cached(sql)?;
        for id in &ids {
            let found = select.query_map([id], |row| row.get(0))?;
            for object in found.collect::<rusqlite::Result<Vec<String>>>()? {
                dependents.push((kind, object));
            }
        }
    }
    Ok(dependents)
}

/// Deletes the rows of objects of which there is no event; returns how many.
///
/// # Errors
/// Any fault of the database.
pub(in crate::wecom) fn forget_without_events(conn: &Connection) -> rusqlite::Result<usize> {
    let mut gone = 0;
    for kind in ObjectKind::ALL {
        let (state, descriptor) = (state_of(kind), kind.descriptor());
        let key = state.table.key[0];
        for table in state.links.iter().copied().chain([state.table.name]) {
            let renamed = match descriptor.renamed {
                true => format!(
                    " and not exists (select 1 from callback_event e where e.new_user_id = {table}.{key})"
                ),
                false => String::new(),
            };
            gone += conn.execute(
                &format!(
                    "delete from {table} where not exists (select 1 from callback_event e \
                     where e.object_kind = ?1 and e.object_id = {table}.{key}){renamed}"
                ),
                [kind.name()],
            )?;
        }
    }
    gone += conn.execute(
        "delete from member_identity where not exists (select 1 from callback_event e \
         where (e.object_kind = 'member' and e.object_id = member_identity.user_id and e.new_user_id is not null) \
            or e.new_user_id = member_identity.user_id)",
        [],
    )?;
    Ok(gone)
}
