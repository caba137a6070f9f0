//! An event at its place in the history of its object.

use crate::wecom::event::Event;

/// An event at its place in the history of its object.
#[derive(Debug, Clone, Copy)]
pub(in crate::wecom) struct Step<'a> {
    /// Its row in `callback_event`.
    pub id: i64,
    /// When the change happened, as ISO text in UTC to the second.
    pub at: &'a str,
    /// What it says.
    pub event: &'a Event,
}

impl Step<'_> {
    /// The change type, where it matters.
    pub(super) fn change(&self) -> &str {
        self.event.change_type.as_deref().unwrap_or_default()
    }
}
