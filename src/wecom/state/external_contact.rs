//! `external_contact`: a customer as one member follows them, `change_external_contact`. The row is under the id that
//! the member has now.

use rusqlite::{Connection, ToSql};

use super::Step;
use super::identity;
use super::row::Table;
use super::state_descriptor::State;

const TABLE: Table =
    Table { name: "external_contact", key: &["external_user_id", "user_id"], has_lifecycle: true };

/// How events change an external contact.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold };

/// What each change sets, beside when it happened; `:state`, `:source` and `:reason` are what the event says.
/// An event about something else leaves the relation as it was.
fn sets(change: &str) -> (&'static str, &'static str) {
    match change {
        "add_external_contact" => (
            "followed",
            "status = 'followed', state = coalesce(:state, case when deleted_at is null then state end), \
             half_added_at = case when deleted_at is null then half_added_at end, created_at = :at, \
             edited_at = case when deleted_at is null then edited_at end, \
             deleted_at = null, deleted_by = null, delete_source = null",
        ),
        "add_half_external_contact" => (
            "half_added",
            "status = 'half_added', state = coalesce(:state, case when deleted_at is null then state end), \
             half_added_at = :at, created_at = null, \
             edited_at = case when deleted_at is null then edited_at end, \
             deleted_at = null, deleted_by = null, delete_source = null",
        ),
        "edit_external_contact" => (
            "followed",
            "status = case status when 'unknown' then 'followed' else status end, \
             state = coalesce(:state, state), edited_at = :at",
        ),
        "del_external_contact" => (
            "deleted_by_member",
            "status = 'deleted_by_member', deleted_at = :at, deleted_by = 'member', delete_source = :source",
        ),
        "del_follow_user" => (
            "deleted_by_contact",
            "status = 'deleted_by_contact', deleted_at = :at, deleted_by = 'contact', delete_source = :source",
        ),
        "transfer_fail" => ("unknown", "transfer_failed_at = :at, transfer_fail_reason = :reason"),
        // msg_audit_approved
        _ => ("unknown", "chat_approved_at = :at"),
    }
}

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let user_id = match &object.user_id {
        Some(user_id) => identity::current(conn, user_id, step.at)?,
        None => return Ok(()),
    };
    let fields = &step.event.fields;
    let (status, sets) = sets(step.change());
    conn.prepare_cached(
        "insert into external_contact (external_user_id, user_id, status, changed_at, event_id) \
         values (?1, ?2, ?3, ?4, ?5) on conflict (external_user_id, user_id) do update set \
         changed_at = ?4, event_id = ?5",
    )?
    .execute((&object.id, &user_id, status, step.at, step.id))?;
    let at = Some(step.at);
    let parameters = [
        (":state", fields.text_of("State")),
        (":source", fields.text_of("Source")),
        (":reason", fields.text_of("FailReason")),
        (":at", at),
    ];
    // SQLite takes no value that the statement does not name.
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":contact", &object.id), (":user", &user_id)];
    values.extend(
        parameters
            .iter()
            .filter(|(name, _)| sets.contains(name))
            .map(|(name, value)| (*name, value as &dyn ToSql)),
    );
    let sql = format!(
        "update external_contact set {sets} where external_user_id = :contact and user_id = :user"
    );
    conn.prepare_cached(&sql)?.execute(values.as_slice()).map(|_| ())
}
