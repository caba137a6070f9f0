//! What the files of all formats have in common.

use std::io;

use super::table::Table;
use crate::store::CellValue;

/// What rows of tables are written to, one table after the other.
pub trait Writer {
    /// Begins a table.
    ///
    /// # Errors
    /// What the system refuses.
    fn begin(&mut self, table: &Table) -> io::Result<()>;
    /// A row, a cell for each of the table's columns.
    ///
    /// # Errors
    /// What the system refuses; a cell that is not of its column's kind.
    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()>;
    /// Ends the table.
    ///
    /// # Errors
    /// What the system refuses.
    fn end(&mut self) -> io::Result<()>;
    /// Ends the file.
    ///
    /// # Errors
    /// What the system refuses.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
