//! What the columns of a file may hold.

use crate::config::schema::Kind;
use crate::delivery::Readable;
use crate::parse::{CellReader, trim};

/// Lines that are looked at to see where cells belong.
pub(super) const LOOKED_AT: usize = 64;

/// Fewest records that show what a column looks like.
const FEWEST_RECORDS: usize = 16;

/// What each column of a file may hold.
pub(super) struct Columns<'s> {
    /// By column: the field, how it is read, and whether any text is a value of it.
    fields: Vec<Option<(&'s str, CellReader<'s>, bool)>>,
    /// By column: what the cells of records with the right number of fields look like.
    looks: Vec<Looks>,
}

/// What all cells of a column that were looked at have in common.
#[derive(Clone, Copy)]
struct Looks {
    never_empty: bool,
    all_ascii: bool,
    none_ascii: bool,
}

impl Looks {
    fn narrow(&mut self, cell: &str) {
        match trim(cell) {
            "" => self.never_empty = false,
            text if text.is_ascii() => self.none_ascii = false,
            _ => self.all_ascii = false,
        }
    }

    fn admits(self, text: &str) -> bool {
        match text {
            "" => !self.never_empty,
            text if text.is_ascii() => !self.none_ascii,
            _ => !self.all_ascii,
        }
    }
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
        let looks = Looks { never_empty: true, all_ascii: true, none_ascii: true };
        let mut looks = vec![looks; fields.len()];
        let rows = file.parsed.table.len();
        for row in (0..rows as u32).step_by(rows.div_ceil(LOOKED_AT).max(1)) {
            let line = usize::try_from(file.line(row)).unwrap_or_default();
            let cells = file.parsed.cells(line.saturating_sub(1));
            looks.iter_mut().zip(&cells).for_each(|(looks, cell)| looks.narrow(cell));
        }
        if rows < FEWEST_RECORDS {
            looks.fill(Looks { never_empty: false, all_ascii: false, none_ascii: false });
        }
        Columns { fields, looks }
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
            let Some(cell) = cell.and_then(|cell| cells.get(cell)) else { return true };
            let text = trim(cell);
            let (field, looks) = (&self.fields[column], self.looks[column]);
            let typed = field.as_ref().filter(|(.., any_text)| !any_text && !text.is_empty());
            looks.admits(text) && typed.is_none_or(|(_, reader, _)| reader.reads(text))
        };
        let before = (0..width).take_while(|column| reads(*column, Some(*column))).count();
        let moved = |column: &usize| reads(*column, (column + more).checked_sub(fewer));
        let behind = (0..width).rev().take_while(moved).count();
        // The columns that are missing hold nothing.
        let first = (width - behind).saturating_sub(fewer);
        first..=before.min(width - fewer.min(width)).min(width.saturating_sub(1))
    }
}
