//! The state that follows from events: members, departments, tags, customers.

use rusqlite::Connection;

use crate::wecom::event::Event;

/// The changes of one transaction.
#[derive(Debug, Default)]
pub struct Changes;

impl Changes {
    /// Applies an event that was just stored under `id`; it happened `at`.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn apply(&mut self, _: &Connection, _: i64, _: &str, _: &Event) -> rusqlite::Result<()> {
        Ok(())
    }

    /// Ends the transaction's changes.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn finish(self, _: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }
}
