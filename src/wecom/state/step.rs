//! An event at its place in the history of its object.

use crate::wecom::event::Event;

/// What an event means for its object, in the order in which that can happen within one second, the unit of
/// `CreateTime`: nothing can happen to what is not there yet, and nothing more to what is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// It is about to begin: a customer was added who has not agreed yet.
    Announces,
    /// It begins.
    Begins,
    /// Something of it changes.
    Changes,
    /// Its id changes. What an event of the same second says of the new id was said of the same object.
    Renames,
    /// It ends.
    Ends,
}

impl Meaning {
    /// The meaning of a change type; `renames` if the event names a new id.
    pub(super) fn of(change: &str, renames: bool) -> Meaning {
        match change {
            "add_half_external_contact" => Meaning::Announces,
            "create_user" | "create_party" | "create" | "add_external_contact" => Meaning::Begins,
            "delete_user"
            | "delete_party"
            | "delete"
            | "dismiss"
            | "del_external_contact"
            | "del_follow_user" => Meaning::Ends,
            _ if renames => Meaning::Renames,
            _ => Meaning::Changes,
        }
    }
}

/// An event at its place in the history of its object.
#[derive(Debug, Clone, Copy)]
pub(in crate::wecom) struct Step<'a> {
    /// Its row in `callback_event`.
    pub id: i64,
    /// When the change happened, as ISO text in UTC to the second.
    pub at: &'a str,
    /// The SHA-256 of its text, which decides where nothing else does.
    pub hash: &'a [u8],
    /// What it says.
    pub event: &'a Event,
}

impl Step<'_> {
    /// The change type, where it matters.
    pub(super) fn change(&self) -> &str {
        self.event.change_type.as_deref().unwrap_or_default()
    }

    /// What it means for its object.
    pub(super) fn meaning(&self) -> Meaning {
        Meaning::of(self.change(), self.event.new_user_id.is_some())
    }
}
