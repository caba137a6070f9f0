//! The state that follows from events: members, departments, tags, customers.
//!
//! The state of an object is the fold of its events in the order of (when it happened, when it came), and of nothing
//! else. So it depends neither on the order in which events of different objects come, nor on re-delivery; what
//! concerns two objects (a tag of a deleted member) is derived by views. An event that is the newest of its object, as
//! nearly all are, is folded onto the rows that are there. One that came late makes its object be folded anew from
//! `callback_event`, once a transaction.
//!
//! Absent is not empty: a field that an event does not have stays as it was, an empty one becomes empty.

mod batch_job;
mod customer_group;
mod customer_tag;
mod department;
mod external_contact;
mod history;
mod member;
mod row;
mod kinds;
mod state_descriptor;
mod step;
mod tag;

use std::collections::BTreeSet;

use rusqlite::{Connection, ErrorCode};

use crate::wecom::event::{Event, Object, ObjectKind};

use kinds::{key_of, state_of};

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
    /// Objects whose history has to be folded anew.
    late: BTreeSet<Object>,
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
                self.late.insert(object.clone());
                Ok(())
            }
        })
    }

    /// Folds anew what has to be. Must be called before the transaction is committed.
    ///
    /// # Errors
    /// As [`Changes::apply`].
    pub(in crate::wecom) fn finish(self, conn: &Connection) -> rusqlite::Result<()> {
        for object in &self.late {
            refold(conn, object)?;
        }
        Ok(())
    }
}

/// Makes the rows of an object anew from its events.
///
/// # Errors
/// As [`Changes::apply`].
pub(in crate::wecom) fn refold(conn: &Connection, object: &Object) -> rusqlite::Result<Effect> {
    let Some(kind) = object.kind else { return Ok(Effect::Applied) };
    guarded(conn, || {
        history::forget(conn, kind, object)?;
        history::replay(conn, kind, object, |step| (state_of(kind).fold)(conn, step))
    })
}

fn concerned(event: &Event) -> Option<(&Object, ObjectKind)> {
    let object = event.object.as_ref()?;
    Some((object, object.kind?))
}

/// Whether nothing that is known of the object happened after the event.
fn is_newest(
    conn: &Connection,
    kind: ObjectKind,
    object: &Object,
    step: &Step<'_>,
) -> rusqlite::Result<bool> {
    let state = state_of(kind);
    if let Some(is_newest) = state.is_newest {
        return is_newest(conn, step);
    }
    let changed_at = row::changed_at(conn, state.table, &key_of(kind, object, &object.id))?;
    Ok(changed_at.is_none_or(|changed_at| changed_at.as_str() <= step.at))
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
