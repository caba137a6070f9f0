//! `member` and `member_department`: `create_user`, `update_user`, `delete_user` of `change_contact`.
//!
//! `NewUserID` renames: the member goes on under the new id. Every id that it gave up stays as a row that says which it
//! has now, so that an event which still names it finds the member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::row::{self, Lifecycle, Table};
use super::state_descriptor::State;
use super::step::{Meaning, Step};

const TABLE: Table = Table { name: "member", key: &["user_id"], has_lifecycle: true };

/// How events change a member.
pub(super) static STATE: State = State { table: &TABLE, links: &["member_department"], fold };

/// The columns with their names in events (documents 90970 and 96361).
const FIELDS: [(&str, &str); 17] = [
    ("name", "Name"),
    ("department", "Department"),
    ("main_department", "MainDepartment"),
    ("is_leader_in_dept", "IsLeaderInDept"),
    ("direct_leader", "DirectLeader"),
    ("position", "Position"),
    ("mobile", "Mobile"),
    ("gender", "Gender"),
    ("email", "Email"),
    ("biz_mail", "BizMail"),
    ("status", "Status"),
    ("avatar", "Avatar"),
    ("alias", "Alias"),
    ("telephone", "Telephone"),
    ("address", "Address"),
    ("english_name", "EnglishName"),
    ("is_leader", "IsLeader"),
];

/// Whether the id is nobody's any more, by a deletion or a rename; none if it is not known.
fn is_given_up(conn: &Connection, user_id: &str) -> rusqlite::Result<Option<bool>> {
    conn.prepare_cached("select deleted_at is not null from member where user_id = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()
}

/// The id that the member now has who gave this one up by a rename.
pub(super) fn renamed_to(conn: &Connection, user_id: &str) -> rusqlite::Result<Option<String>> {
    let found: Option<Option<String>> = conn
        .prepare_cached("select renamed_to from member where user_id = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let lifecycle = match step.meaning() {
        Meaning::Begins => row::beginning(conn, &TABLE, &[&object.id], &step)?,
        Meaning::Ends => Lifecycle::Deleted,
        _ => Lifecycle::Updated,
    };
    // A new member may get an id that another one gave up; everything else is about who gave it up.
    let user_id = match step.meaning() {
        Meaning::Begins => object.id.clone(),
        _ => renamed_to(conn, &object.id)?.unwrap_or_else(|| object.id.clone()),
    };
    let mut fields = row::fields(&step, &FIELDS);
    let attributes = step.event.fields.get("ExtAttr").map(|node| node.to_json().to_string());
    fields.push(("ext_attr", attributes.map(Cow::Owned)));
    row::write(conn, &TABLE, &[&user_id], &fields, lifecycle, &step)?;
    if lifecycle == Lifecycle::Created {
        conn.prepare_cached(
            "update member set renamed_to = null, renamed_from = null where user_id = ?1",
        )?
        .execute([&user_id])?;
    }
    write_departments(conn, &user_id, lifecycle, &step)?;
    match &step.event.new_user_id {
        Some(new) if *new != user_id => rename(conn, &user_id, new, &step),
        _ => Ok(()),
    }
}

/// Replaces the departments of a member, if the event says anything of them.
fn write_departments(
    conn: &Connection,
    user_id: &str,
    lifecycle: Lifecycle,
    step: &Step<'_>,
) -> rusqlite::Result<()> {
    let list = |name: &str| step.event.fields.get(name).map(|list| list.items());
    let (delivered, leaders) = (list("Department"), list("IsLeaderInDept"));
    let before = departments(conn, user_id)?;
    // Where the departments do not come with the flags, the flags belong to the departments that are known.
    let departments: Vec<&str> = match (&delivered, lifecycle) {
        (_, Lifecycle::Deleted) => Vec::new(),
        (Some(delivered), _) => delivered.clone(),
        (None, Lifecycle::Created) => Vec::new(),
        (None, _) if leaders.is_none() => return Ok(()),
        (None, _) => before.iter().map(|(id, _)| id.as_str()).collect(),
    };
    let aligned = leaders.filter(|leaders| leaders.len() == departments.len());
    let was: BTreeMap<&str, Option<bool>> =
        before.iter().map(|(id, leads)| (id.as_str(), *leads)).collect();
    row::delete_all(conn, "member_department", "user_id", user_id)?;
    let mut insert = conn.prepare_cached(
        "insert or ignore into member_department \
         (user_id, department_id, position, is_leader, changed_at, event_id) values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (at, department) in departments.iter().enumerate() {
        let leads = match (&aligned, lifecycle) {
            (Some(flags), _) => flags.get(at).map(|flag| *flag == "1"),
            (None, Lifecycle::Created) => None,
            (None, _) => was.get(department).copied().flatten(),
        };
        insert.execute((user_id, department, at as i64, leads, step.at, step.id))?;
    }
    Ok(())
}

/// The departments of a member in their order, and whether the member leads them.
fn departments(conn: &Connection, user_id: &str) -> rusqlite::Result<Vec<(String, Option<bool>)>> {
    conn.prepare_cached(
        "select department_id, is_leader from member_department where user_id = ?1 order by position",
    )?
    .query_map([user_id], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// Carries a member over to the new id. What an event of the same second has already set for the new id is kept;
/// what is left of another member who once had it is not.
fn rename(conn: &Connection, old: &str, new: &str, step: &Step<'_>) -> rusqlite::Result<()> {
    if is_given_up(conn, new)? == Some(true) {
        row::delete(conn, &TABLE, &[new])?;
        row::delete_all(conn, "member_department", "user_id", new)?;
    }
    let columns: Vec<&str> = FIELDS
        .iter()
        .map(|(column, _)| *column)
        .chain(["ext_attr", "created_at", "deleted_at"])
        .collect();
    let kept: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} = coalesce({column}, excluded.{column})"))
        .collect();
    let columns = columns.join(", ");
    conn.prepare_cached(&format!(
        "insert into member (user_id, {columns}, renamed_from, changed_at, event_id) \
         select ?2, {columns}, ?1, ?3, ?4 from member where user_id = ?1 \
         on conflict (user_id) do update set {}, renamed_to = null, renamed_from = ?1, changed_at = ?3, event_id = ?4",
        kept.join(", ")
    ))?
    .execute((old, new, step.at, step.id))?;
    if departments(conn, new)?.is_empty() {
        conn.prepare_cached("update member_department set user_id = ?2 where user_id = ?1")?
            .execute((old, new))?;
    } else {
        row::delete_all(conn, "member_department", "user_id", old)?;
    }
    conn.prepare_cached(
        "update member set renamed_to = ?2, deleted_at = ?3, changed_at = ?3, event_id = ?4 where user_id = ?1",
    )?
    .execute((old, new, step.at, step.id))?;
    // The ids before that one, too, lead to the member.
    conn.prepare_cached(
        "update member set renamed_to = ?2 where renamed_to = ?1 and user_id <> ?2",
    )?
    .execute([old, new])
    .map(|_| ())
}
