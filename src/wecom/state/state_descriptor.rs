//! How events change the rows of a kind of object.

use rusqlite::Connection;

use super::row::Table;
use super::step::Step;

/// The tables of a kind, and how an event changes them.
pub(super) struct State {
    /// The table with one row an object.
    pub(super) table: &'static Table,
    /// Tables of what belongs to an object, by the first column of its key.
    pub(super) links: &'static [&'static str],
    /// Changes the rows by the newest event of the object.
    pub(super) fold: fn(&Connection, Step<'_>) -> rusqlite::Result<()>,
}
