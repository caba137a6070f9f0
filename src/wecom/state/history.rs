//! The events of one object in their order, and its rows made anew from them.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};

use super::identity;
use super::kinds::state_of;
use super::row;
use super::step::{Meaning, Step};
use crate::wecom::event::{Event, ObjectKind};

/// An event of an object, without its text.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: String,
    pub(super) meaning: Meaning,
    hash: Vec<u8>,
    id: i64,
    pub(super) object_id: String,
    pub(super) new_user_id: Option<String>,
}

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

/// All ids that an object has had.
fn ids_of(conn: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<BTreeSet<String>> {
    match kind.descriptor().renamed {
        true => member_ids(conn, id),
        false => Ok(BTreeSet::from([id.to_owned()])),
    }
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
    let ids = member_ids(conn, user_id)?;
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

/// The events of an object that has had these ids: by the second in which they happened, by what they mean, and by the
/// hash of their text, so that the order in which they came makes no difference. What several applications received,
/// once.
fn entries(
    conn: &Connection,
    kind: ObjectKind,
    ids: &BTreeSet<String>,
) -> rusqlite::Result<Vec<Entry>> {
    let mut select = conn.prepare_cached(
        "select occurred_at, coalesce(change_type, ''), new_user_id, content_hash, id, object_id \
         from callback_event e where object_kind = :kind and object_id = :id and not exists \
           (select 1 from callback_event c \
            where c.content_hash = e.content_hash and c.object_kind = e.object_kind and c.id < e.id)",
    )?;
    let mut entries = Vec::new();
    for id in ids {
        let mut rows = select.query(named_params! { ":kind": kind.name(), ":id": id })?;
        while let Some(row) = rows.next()? {
            let new_user_id: Option<String> = row.get(2)?;
            entries.push(Entry {
                at: row.get(0)?,
                meaning: Meaning::of(row.get_ref(1)?.as_str()?, new_user_id.is_some()),
                new_user_id,
                hash: row.get(3)?,
                id: row.get(4)?,
                object_id: row.get(5)?,
            });
        }
    }
    entries.sort_by(|a, b| (&a.at, a.meaning, &a.hash).cmp(&(&b.at, b.meaning, &b.hash)));
    order_renames(&mut entries);
    Ok(entries)
}

/// Within a second, an id is given before it is given up: `a` to `b` before `b` to `c`.
fn order_renames(entries: &mut [Entry]) {
    let same = |a: &Entry, b: &Entry| {
        a.meaning == Meaning::Renames && b.meaning == Meaning::Renames && a.at == b.at
    };
    for renames in entries.chunk_by_mut(same).filter(|renames| renames.len() > 1) {
        for first in 0..renames.len() {
            let rest = &renames[first..];
            let given = |id: &str| {
                rest.iter()
                    .any(|other| other.object_id != id && other.new_user_id.as_deref() == Some(id))
            };
            // In a circle each is as good as any.
            let next = rest.iter().position(|entry| !given(&entry.object_id)).unwrap_or(0);
            renames[first..=first + next].rotate_right(1);
        }
    }
}

/// All ids that a member has had, by renames in whatever order.
fn member_ids(conn: &Connection, user_id: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = conn.prepare_cached(
        "select new_user_id from callback_event \
           where object_kind = 'member' and object_id = ?1 and new_user_id is not null \
         union select object_id from callback_event where new_user_id = ?1",
    )?;
    let mut ids = BTreeSet::from([user_id.to_owned()]);
    let mut ahead = vec![user_id.to_owned()];
    while let Some(id) = ahead.pop() {
        let linked: Vec<String> =
            statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for id in linked {
            if ids.insert(id.clone()) {
                ahead.push(id);
            }
        }
    }
    Ok(ids)
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
