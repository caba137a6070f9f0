//! What the columns of a file may hold.

use crate::config::schema::Kind;
use crate::delivery::Readable;
use crate::parse::{CellReader, trim};

/// Lines that are looked at to see where their cells belong.
pub(super) const LOOKED_AT: usize = 64;

/// What each column of a file may hold.
pub(super) struct Columns<'s> {
    /// By column: the field, how it is read, and whether any text is a value of it.
    fields: Vec<Option<(&'s str, CellReader<'s>, bool)>>,
}

impl<'s> Columns<'s> {
    pub(super) fn of(file: &Readable<'s, '_>) -> Columns<'s> {
        let mut fields: Vec<_> = (0..file.parsed.layout.width).map(|_| None).collect();
        for (field, column) in file.schema.fields.iter().zip(&file.parsed.layout.columns) {
            if let Some(slot) = column.and_then(|column| fields.get_mut(column)) {
                let any_text = field.kind == Kind::Text;
                *slot = Some((field.name.as_str(), CellReader::of(field), any_text));
            }
        }
        Columns { fields }
    }

    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn name(&self, column: usize) -> Option<&'s str> {
        self.fields.get(column)?.as_ref().map(|(name, ..)| *name)
    }

    /// Whether the cells from a column on are values of the columns beside them, and at least two of them could not be
    /// just any text.
    pub(super) fn fit(&self, cells: &[String], first: usize, right: bool) -> bool {
        let mut typed = 0;
        let moved = |column: usize| if right { column.checked_sub(1) } else { Some(column + 1) };
        for (column, cell) in cells.iter().enumerate().skip(first) {
            let text = trim(cell);
            let Some(Some((_, reader, any_text))) =
                moved(column).and_then(|column| self.fields.get(column))
            else {
                continue;
            };
            if text.is_empty() || *any_text {
                continue;
            }
            // The cell at which the shift begins may be the one that does not belong there.
            if !reader.reads(text) {
                if column == first {
                    continue;
                }
                return false;
            }
            typed += 1;
        }
        typed > 1
    }

    /// The columns before which a line with too many or too few cells may have them too much, or lack them: those before
    /// hold their own values, and those behind hold them so many cells further on or back.
    pub(super) fn breaks(&self, cells: &[String], found: usize) -> impl Iterator<Item = usize> {
        let width = self.len();
        let (more, fewer) = (found.saturating_sub(width), width.saturating_sub(found));
        let reads = |column: usize, cell: Option<usize>| {
            let text = cell.and_then(|cell| cells.get(cell)).map_or("", |cell| trim(cell));
            let field = self.fields.get(column).and_then(Option::as_ref);
            text.is_empty() || field.is_none_or(|(_, reader, text_)| *text_ || reader.reads(text))
        };
        let before = (0..width).take_while(|column| reads(*column, Some(*column))).count();
        let moved = |column: &usize| reads(*column, (column + more).checked_sub(fewer));
        let behind = (0..width).rev().take_while(moved).count();
        // The columns that are missing hold nothing.
        let first = (width - behind).saturating_sub(fewer);
        first..=before.min(width - fewer.min(width)).min(width.saturating_sub(1))
    }
}
