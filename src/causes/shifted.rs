//! Lines whose cells stand in other columns than they should.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::Readable;
use crate::model::{Feed, Finding};
use crate::parse::{CellReader, trim};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Fewest lines that show a shift.
const FEWEST: usize = 3;
/// Lines that are looked at.
const LOOKED_AT: usize = 64;

/// Claims what is found on lines of which a shift of columns makes sense again.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    for feed in Feed::ALL {
        let Some(file) = known.places.file(feed) else { continue };
        let Some(shift) = shift(&file, claims) else { continue };
        let (first, last) = (shift.lines[0], shift.lines[shift.lines.len() - 1]);
        let row = |line: u64| file.parsed.table.lines().partition_point(|l| u64::from(*l) < line);
        let records = row(last) + 1 - row(first);
        // Lines between them on which less shows are shifted too, if most are.
        let all_between = shift.lines.len() * 2 >= records;
        let is_shifted = |line: u64| match all_between {
            true => (first..=last).contains(&line),
            false => shift.lines.binary_search(&line).is_ok(),
        };
        let follows = |finding: &Finding| {
            finding.feed == feed
                && finding.code.starts_with(['R', 'V', 'K', 'N', 'X'])
                && !finding.lines.is_empty()
                && finding.lines.iter().all(|line| is_shifted(*line))
        };
        let findings: Vec<u32> =
            claims.free().filter(|(_, f)| follows(f)).map(|(at, _)| at).collect();
        let lines = shift.lines.len() as u64;
        let (field, right) = (shift.field, shift.right);
        claims.claim(Event::Shifted { feed, field, right, first, last, lines }, findings);
    }
}

struct Shift {
    field: String,
    right: bool,
    /// Lines with several cells at fault, in order.
    lines: Vec<u64>,
}

fn shift(file: &Readable<'_, '_>, claims: &Claims<'_>) -> Option<Shift> {
    let column_of = |finding: &Finding| {
        let position = file.schema.position(finding.field.as_deref()?)?;
        file.parsed.layout.columns.get(position).copied().flatten()
    };
    let mut faults: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for (_, finding) in claims.free() {
        let of_cell = matches!(finding.code, "V201" | "V202" | "V203" | "V204" | "K301");
        if finding.feed == file.feed
            && of_cell
            && let (Some(line), Some(column)) = (finding.line, column_of(finding))
        {
            faults.entry(line).or_default().insert(column);
        }
    }
    faults.retain(|_, columns| columns.len() > 1);
    if faults.len() < FEWEST {
        return None;
    }
    let reader = Columns::of(file);
    let step = faults.len().div_ceil(LOOKED_AT);
    let (mut looked_at, mut rights, mut lefts) = (0, 0, 0);
    for (line, columns) in faults.iter().step_by(step) {
        let cells = file.parsed.cells(usize::try_from(*line).ok()?.checked_sub(1)?);
        let Some(first) = columns.first().copied() else { continue };
        looked_at += 1;
        rights += usize::from(reader.fit(&cells, first, true));
        lefts += usize::from(reader.fit(&cells, first, false));
    }
    let right = rights >= lefts;
    // Nearly all, as a shifted line may have another fault as well.
    if rights.max(lefts) * 10 < looked_at * 9 {
        return None;
    }
    let first = faults.values().filter_map(|columns| columns.first().copied()).min()?;
    Some(Shift {
        field: reader.name(first)?.to_owned(),
        right,
        lines: faults.into_keys().collect(),
    })
}

/// What each column of a file may hold.
struct Columns<'s> {
    /// By column: the field, how it is read, and whether any text is a value of it.
    fields: Vec<Option<(&'s str, CellReader<'s>, bool)>>,
}

impl<'s> Columns<'s> {
    fn of(file: &Readable<'s, '_>) -> Columns<'s> {
        let mut fields: Vec<_> = (0..file.parsed.layout.width).map(|_| None).collect();
        for (field, column) in file.schema.fields.iter().zip(&file.parsed.layout.columns) {
            if let Some(slot) = column.and_then(|column| fields.get_mut(column)) {
                let any_text = field.kind == crate::config::schema::Kind::Text;
                *slot = Some((field.name.as_str(), CellReader::of(field), any_text));
            }
        }
        Columns { fields }
    }

    fn name(&self, column: usize) -> Option<&'s str> {
        self.fields.get(column)?.as_ref().map(|(name, ..)| *name)
    }

    /// Whether the cells from a column on are values of the columns beside them, and at least two of them could not be
    /// just any text.
    fn fit(&self, cells: &[String], first: usize, right: bool) -> bool {
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
}
