//! What the files of all formats have in common.

use std::io;

use super::table::Table;
use crate::store::CellValue;

/// What rows of tables are written to, one table after the other.
pub(super) trait Writer {
    /// Begins a table.
    fn begin(&mut self, table: &Table) -> io::Result<()>;
    /// A row, a cell for each of the table's columns.
    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<()>;
    /// Ends the table.
    fn end(&mut self) -> io::Result<()>;
    /// Ends the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
