//! What does not fit in the records of a file, as facts: the rules judge them.

use crate::decode::Lines;

/// A line with the wrong number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ragged {
    /// 0-based line.
    pub line: u32,
    /// The fields it splits into.
    pub found: u32,
    /// Why it has no fields of its own.
    pub why: RaggedWhy,
}

/// Why the fields of a line are not those of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RaggedWhy {
    /// Their number is wrong.
    Count,
    /// A quote at the beginning of a field is not closed at its end.
    Quote,
    /// Their number is wrong, and right if its quotes enclose cells instead of being text.
    Quotable,
    /// Something stands behind the delimiter that ends every other line.
    Behind,
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

/// The cells of a field that were accepted in another form than the usual one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reformatted {
    /// Their number.
    pub count: u64,
    /// Positions in the table of the first ones. A file has either few such cells or a column full of them.
    pub rows: Vec<u32>,
}

impl Reformatted {
    /// Number of rows that are remembered.
    pub const MAX_ROWS: usize = 1_000;

    pub(super) fn add(&mut self, row: u32) {
        self.count += 1;
        if self.rows.len() < Reformatted::MAX_ROWS {
            self.rows.push(row);
        }
    }

    /// Appends those of the next rows, of which `before` is the number of rows before them.
    pub(super) fn append(&mut self, next: Reformatted, before: u32) {
        self.count += next.count;
        let room = Reformatted::MAX_ROWS - self.rows.len();
        self.rows.extend(next.rows.into_iter().take(room).map(|row| row + before));
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
    /// Characters in it that nobody sees; they were removed.
    ControlCharacter,
    /// A trace of having been decoded twice.
    DecodedTwice,
    /// A text longer than the schema allows.
    TooLong,
}
