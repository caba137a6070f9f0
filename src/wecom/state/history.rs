//! The events of one object, and its rows made anew from them.

use std::collections::BTreeSet;

use rusqlite::{Connection, ToSql, params_from_iter};

use super::Step;
use super::row;
use crate::wecom::event::{Event, Object, ObjectKind};
use crate::wecom::state::{
    batch_job, customer_group, customer_tag, department, external_contact, tag,
};

/// Members that one person may have been, by renames; WeCom lets an id change once.
const IDS: usize = 64;

/// Deletes the rows of an object; of a member, those of all ids that it has had.
pub(super) fn forget(conn: &Connection, kind: ObjectKind, object: &Object) -> rusqlite::Result<()> {
    let id = object.id.as_str();
    let links = |sql: &str| conn.prepare_cached(sql)?.execute([id]).map(|_| ());
    match kind {
        ObjectKind::Member => {
            for id in member_ids(conn, id)? {
                conn.prepare_cached("delete from member_department where user_id = ?1")?
                    .execute([&id])?;
                conn.prepare_cached("delete from member where user_id = ?1")?.execute([&id])?;
            }
            Ok(())
        }
        ObjectKind::Department => row::delete(conn, &department::TABLE, &[id]),
        ObjectKind::Tag => {
            links("delete from tag_member where tag_id = ?1")?;
            links("delete from tag_department where tag_id = ?1")?;
            row::delete(conn, &tag::TABLE, &[id])
        }
        ObjectKind::ExternalContact => {
            let user_id = object.user_id.as_deref().unwrap_or_default();
            row::delete(conn, &external_contact::TABLE, &[id, user_id])
        }
        ObjectKind::CustomerGroup => {
            links("delete from customer_group_member where chat_id = ?1")?;
            row::delete(conn, &customer_group::TABLE, &[id])
        }
        ObjectKind::CustomerTag => row::delete(conn, &customer_tag::TABLE, &[id]),
        ObjectKind::BatchJob => row::delete(conn, &batch_job::TABLE, &[id]),
    }
}

/// Hands over the events of an object, in the order in which they happened, and came where that is the same; what
/// several applications were told, once.
pub(super) fn replay(
    conn: &Connection,
    kind: ObjectKind,
    object: &Object,
    mut fold: impl FnMut(Step<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let ids = match kind {
        ObjectKind::Member => member_ids(conn, &object.id)?,
        _ => BTreeSet::from([object.id.clone()]),
    };
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
    let follower = object.user_id.as_ref().filter(|_| kind == ObjectKind::ExternalContact);
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

/// All ids that a member has had, by the renames that were told in whatever order.
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
    const NONE: &str = "not exists (select 1 from callback_event e where e.object_kind =";
    let statements = [
        format!(
            "delete from member where {NONE} 'member' and e.object_id = member.user_id) \
             and not exists (select 1 from callback_event e where e.new_user_id = member.user_id)"
        ),
        "delete from member_department where not exists \
         (select 1 from member m where m.user_id = member_department.user_id)"
            .to_owned(),
        format!("delete from department where {NONE} 'department' and e.object_id = department_id)"),
        format!("delete from tag where {NONE} 'tag' and e.object_id = tag_id)"),
        "delete from tag_member where not exists (select 1 from tag t where t.tag_id = tag_member.tag_id)"
            .to_owned(),
        "delete from tag_department where not exists \
         (select 1 from tag t where t.tag_id = tag_department.tag_id)"
            .to_owned(),
        format!(
            "delete from external_contact where {NONE} 'external_contact' \
             and e.object_id = external_contact.external_user_id and e.user_id = external_contact.user_id)"
        ),
        format!("delete from customer_group where {NONE} 'customer_group' and e.object_id = chat_id)"),
        "delete from customer_group_member where not exists \
         (select 1 from customer_group g where g.chat_id = customer_group_member.chat_id)"
            .to_owned(),
        format!("delete from customer_tag where {NONE} 'customer_tag' and e.object_id = tag_id)"),
        format!("delete from batch_job where {NONE} 'batch_job' and e.object_id = job_id)"),
    ];
    statements.iter().try_fold(0, |gone, sql| Ok(gone + conn.execute(sql, [])?))
}
