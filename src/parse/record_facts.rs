//! What does not fit in the records of a file, as facts: the rules judge them.

use crate::decode::Lines;

/// A line with the wrong number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ragged {
    /// 0-based line.
    pub line: u32,
    /// The fields it splits into.
    pub found: u32,
}

/// Bytes that did not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecoded {
    /// 0-based line.
    pub line: u32,
    /// Offset in the file, 0-based.
    pub offset: u64,
    /// The schema field that holds them, where the line splits well and the field is known.
    pub field: Option<u16>,
}

/// A line over [`MAX_LINE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oversized {
    /// 0-based line.
    pub line: u32,
    /// Its raw bytes, line end left out.
    pub bytes: u32,
}

impl Oversized {
    pub(super) fn at(lines: &Lines<'_>, line: usize) -> Oversized {
        Oversized { line: line as u32, bytes: lines.raw_len(line) as u32 }
    }
}

/// A cell at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellFault {
    /// Position in the table.
    pub row: u32,
    /// Position of the field in the schema.
    pub field: u16,
    /// What is wrong.
    pub kind: CellFaultKind,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellFaultKind {
    /// Required and empty or only white space.
    Missing,
    /// The key, empty or only white space.
    EmptyKey,
    /// No integer.
    NotAnInteger,
    /// No date, or an impossible one.
    NotADate,
    /// An integer outside the list of allowed ones.
    NotAllowed,
    /// White space round the value.
    Whitespace,
}
