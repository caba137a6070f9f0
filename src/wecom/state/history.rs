//! The events of one object, and its rows made anew from them.

use std::collections::BTreeSet;

use rusqlite::{Connection, ToSql, params_from_iter};

use super::Step;
use super::kinds::{key_of, state_of};
use super::row;
use crate::wecom::event::{Event, Object, ObjectKind};

/// Members that one person may have been, by renames; WeCom lets an id change once.
const IDS: usize = 64;

/// Deletes the rows of an object, under all ids that it has had.
pub(super) fn forget(conn: &Connection, kind: ObjectKind, object: &Object) -> rusqlite::Result<()> {
    let state = state_of(kind);
    for id in ids_of(conn, kind, &object.id)? {
        for link in state.links {
            let sql = format!("delete from {link} where {} = ?1", state.table.key[0]);
            conn.prepare_cached(&sql)?.execute([&id])?;
        }
        row::delete(conn, state.table, &key_of(kind, object, &id))?;
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

/// Hands over the events of an object, in the order in which they happened, and came where that is the same; what
/// several applications received, once.
pub(super) fn replay(
    conn: &Connection,
    kind: ObjectKind,
    object: &Object,
    mut fold: impl FnMut(Step<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let ids = ids_of(conn, kind, &object.id)?;
    let places: Vec<String> = (0..ids.len()).map(|at| format!("?{}", at + 3)).collect();
    // Only an external contact is one object a member.
    let mut statement = conn.prepare(&format!(
        "select id, occurred_at, body from callback_event e \
         where object_kind = ?1 and object_id in ({}) and (?2 is null or user_id = ?2) and not exists \
           (select 1 from callback_event c where c.content_hash = e.content_hash and c.id < e.id) \
         order by occurred_at, id",
        places.join(", ")
    ))?;
    let name = kind.name();
    let follower = object.user_id.as_ref().filter(|_| kind.descriptor().per_follower);
    let parameters =
        [&name as &dyn ToSql, &follower].into_iter().chain(ids.iter().map(|id| id as &dyn ToSql));
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        let (id, at): (i64, String) = (row.get(0)?, row.get(1)?);
        let event = Event::parse(row.get_ref(2)?.as_bytes()?);
        fold(Step { id, at: &at, event: &event })?;
    }
    Ok(())
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
            if ids.len() < IDS && ids.insert(id.clone()) {
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
        let (table, key) = (state.table.name, state.table.key[0]);
        let follower = match descriptor.per_follower {
            true => format!(" and e.user_id = {table}.{}", state.table.key[1]),
            false => String::new(),
        };
        let renamed = match descriptor.renamed {
            true => format!(
                " and not exists (select 1 from callback_event e where e.new_user_id = {table}.{key})"
            ),
            false => String::new(),
        };
        gone += conn.execute(
            &format!(
                "delete from {table} where not exists (select 1 from callback_event e \
                 where e.object_kind = ?1 and e.object_id = {table}.{key}{follower}){renamed}"
            ),
            [kind.name()],
        )?;
        for link in state.links {
            gone += conn.execute(
                &format!(
                    "delete from {link} where not exists \
                     (select 1 from {table} t where t.{key} = {link}.{key})"
                ),
                [],
            )?;
        }
    }
    Ok(gone)
}
