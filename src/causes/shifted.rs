//! Lines whose cells stand in other columns than they should.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::Readable;
use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::columns::{Columns, LOOKED_AT};
use super::event::Event;
use super::known::Known;

/// Fewest lines that show a shift.
const FEWEST: usize = 3;

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
