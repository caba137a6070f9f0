//! The state that follows from events: members, departments, tags, customers.
//!
//! The state of an object is the fold of its events, by the second in which they happened, within it by what they can
//! mean (`step`), and of nothing else. So it depends neither on the order in which events come, nor on re-delivery. What
//! other objects tell of a member goes by the id that the member has now (`identity`): the objects that name a renamed
//! member are folded anew. What else concerns two objects (a tag of a deleted member) is derived by views. An event that
//! is the newest of its object, as nearly all are, is folded onto the rows that are there. One that came late makes its
//! object be folded anew from `callback_event`, once a transaction.
//!
//! Absent is not empty: a field that an event does not have stays as it was, an empty one becomes empty.

mod batch_job;
mod customer_group;
mod customer_tag;
mod department;
mod entries;
mod external_contact;
mod history;
mod identity;
mod kinds;
mod member;
mod row;
mod state_descriptor;
mod step;
mod tag;

use std::collections::BTreeSet;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::wecom::event::{Event, Object, ObjectKind};

use kinds::state_of;
use step::Meaning;

pub(in crate::wecom) use history::forget_without_events;
pub(in crate::wecom) use step::Step;

/// What an event did to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wecom) enum Effect {
    /// All that it says.
    Applied,
    /// Nothing: orgsnap cannot apply it, which is a bug. The event itself is stored.
    Failed,
}

/// The changes of one transaction.
#[derive(Debug, Default)]
pub(in crate::wecom) struct Changes {
    /// Objects whose history has to be folded anew, by kind and id.
    late: BTreeSet<(ObjectKind, String)>,
}

impl Changes {
    /// Applies an event that was just stored in the same transaction.
    ///
    /// # Errors
    /// Any fault of the disk or of the file. A statement that SQLite refuses for what the event says is no error, but
    /// [`Effect::Failed`]: no event may be lost for what it says.
    pub(in crate::wecom) fn apply(
        &mut self,
        conn: &Connection,
        step: Step<'_>,
    ) -> rusqlite::Result<Effect> {
        let Some((object, kind)) = concerned(step.event) else { return Ok(Effect::Applied) };
        guarded(conn, || {
            if is_newest(conn, kind, object, &step)? {
                (state_of(kind).fold)(conn, step)
            } else {
                self.late.insert((kind, object.id.clone()));
                Ok(())
            }
        })
    }

    /// Folds anew what has to be. Must be called before the transaction is committed.
    ///
    /// # Errors
    /// As [`Changes::apply`].
    pub(in crate::wecom) fn finish(mut self, conn: &Connection) -> rusqlite::Result<()> {
        // Members come first in the order of kinds, and add the objects that name them.
        while let Some((kind, id)) = self.late.pop_first() {
            let (_, dependents) = fold_anew(conn, kind, &id)?;
            self.late.extend(dependents);
        }
        Ok(())
    }
}

/// Makes the rows of an object anew from its events, and those of others for which that makes a difference.
///
/// # Errors
/// As [`Changes::apply`].
pub(in crate::wecom) fn refold(
    conn: &Connection,
    kind: ObjectKind,
    id: &str,
) -> rusqlite::Result<Effect> {
    let (effect, dependents) = fold_anew(conn, kind, id)?;
    for (kind, id) in dependents {
        fold_anew(conn, kind, &id)?;
    }
    Ok(effect)
}

/// Objects by kind and id.
type Objects = Vec<(ObjectKind, String)>;

/// Makes the rows of an object anew from its events. Returns the objects that name it under an id which now means
/// another member.
fn fold_anew(conn: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<(Effect, Objects)> {
    let mut dependents = Objects::new();
    let effect = guarded(conn, || {
        history::forget(conn, kind, id)?;
        history::replay(conn, kind, id, |step| (state_of(kind).fold)(conn, step))?;
        if kind == ObjectKind::Member {
            dependents = history::identify(conn, id)?;
        }
        Ok(())
    })?;
    Ok((effect, dependents))
}

fn concerned(event: &Event) -> Option<(&Object, ObjectKind)> {
    let object = event.object.as_ref()?;
    Some((object, object.kind?))
}

/// Whether the event comes after all that is known of the object. Where the row alone cannot tell, it does not.
fn is_newest(
    conn: &Connection,
    kind: ObjectKind,
    object: &Object,
    step: &Step<'_>,
) -> rusqlite::Result<bool> {
    // Renames are rare, and concern several ids.
    if kind == ObjectKind::Member
        && (step.meaning() == Meaning::Renames || member::renamed_to(conn, &object.id)?.is_some())
    {
        return Ok(false);
    }
    let follower = match &object.user_id {
        Some(user_id) if kind.descriptor().per_follower => {
            Some(identity::current(conn, user_id, step.at)?)
        }
        _ => None,
    };
    let key: Vec<&str> = [object.id.as_str()].into_iter().chain(follower.as_deref()).collect();
    let Some((changed_at, event_id)) = row::last_change(conn, state_of(kind).table, &key)? else {
        return Ok(true);
    };
    if changed_at != step.at {
        return Ok(changed_at.as_str() < step.at);
    }
    let last = conn
        .prepare_cached(
            "select coalesce(change_type, ''), new_user_id is not null, content_hash \
             from callback_event where id = ?1",
        )?
        .query_row([event_id], |row| {
            let meaning = Meaning::of(row.get_ref(0)?.as_str()?, row.get(1)?);
            Ok((meaning, row.get_ref(2)?.as_blob()?) < (step.meaning(), step.hash))
        })
        .optional()?;
    Ok(last.unwrap_or(false))
}

/// Does all of `change` or nothing of it.
fn guarded(
    conn: &Connection,
    change: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<Effect> {
    let run = |sql: &str| conn.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("savepoint state")?;
    let effect = match change() {
        Ok(()) => Effect::Applied,
        Err(error) if is_fault_of_the_event(&error) => {
            tracing::error!(%error, "an event could not be applied to the state");
            run("rollback to state")?;
            Effect::Failed
        }
        Err(error) => return Err(error),
    };
    run("release state")?;
    Ok(effect)
}

/// Whether what the event says is to blame, not the disk, the file or another program.
fn is_fault_of_the_event(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error.sqlite_error_code() {
        Some(code) => matches!(code, ConstraintViolation | TooBig | TypeMismatch),
        None => true,
    }
}
