//! The events of one object in their order, under all ids that it has had.

use std::collections::BTreeSet;

use rusqlite::{Connection, named_params};

use super::step::Meaning;
use crate::wecom::event::ObjectKind;

/// An event of an object, without its text.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: String,
    pub(super) meaning: Meaning,
    pub(super) hash: Vec<u8>,
    pub(super) id: i64,
    pub(super) object_id: String,
    pub(super) new_user_id: Option<String>,
}

/// All ids that an object has had.
pub(super) fn ids_of(
    conn: &Connection,
    kind: ObjectKind,
    id: &str,
) -> rusqlite::Result<BTreeSet<String>> {
    match kind.descriptor().renamed {
        true => member_ids(conn, id),
        false => Ok(BTreeSet::from([id.to_owned()])),
    }
}

/// The events of an object that has had these ids: by the second in which they happened, by what they mean, and by the
/// hash of their text, so that the order in which they came makes no difference. What several applications received,
/// once.
pub(super) fn entries(
    conn: &Connection,
    kind: ObjectKind,
    ids: &BTreeSet<String>,
) -> rusqlite::Result<Vec<Entry>> {
    // The plus keeps SQLite from looking for the hash among all events of a kind.
    let mut select = conn.prepare_cached(
        "select occurred_at, coalesce(change_type, ''), new_user_id, content_hash, id, object_id \
         from callback_event e where object_kind = :kind and object_id = :id and not exists \
           (select 1 from callback_event c \
            where c.content_hash = e.content_hash and +c.object_kind = e.object_kind and c.id < e.id)",
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
