//! One value in a whole column, or in most of it.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Fewest cells that make a column.
const FEWEST: u64 = 3;

/// Values that are named.
const NAMED: usize = 3;

/// How many cells of each column hold values of which form, as the findings tell.
type Columns<'f> = BTreeMap<(&'static str, Feed, &'f str), HashMap<String, Form<'f>>>;

/// Values that differ in their digits alone, such as `1级` and `2级`.
#[derive(Default)]
struct Form<'f> {
    cells: u64,
    /// How many cells hold which value.
    values: BTreeMap<&'f str, u64>,
}

/// Claims the findings of a column most of whose cells hold the same value, or values of one form.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let mut columns: Columns<'_> = BTreeMap::new();
    let mut held: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in claims.findings {
        *held.entry(finding.code).or_default() += 1;
    }
    for (_, finding) in claims.free() {
        let Some((column, value)) = column(finding) else { continue };
        let cells = known.unknown.reference(finding).map_or(1, |_| finding.affected);
        let form = columns.entry(column).or_default().entry(form(column.0, value)).or_default();
        form.cells += cells;
        *form.values.entry(value).or_default() += cells;
    }
    for ((code, feed, field), forms) in columns {
        let most =
            forms.into_iter().max_by(|(a, of_a), (b, of_b)| (of_a.cells, a).cmp(&(of_b.cells, b)));
        let Some((form_of_most, Form { cells, values })) = most else { continue };
        let Some(file) = known.places.file(feed) else { continue };
        // Of very many findings the run holds the first ones, and these stand for the others.
        let (held, total) = (held.get(code).copied().unwrap_or(1), known.totals.get(code));
        let scaled = match total {
            Some(total) if code.starts_with(['V', 'N']) => {
                (u128::from(cells) * u128::from(*total) / u128::from(held.max(1))) as u64
            }
            _ => cells,
        };
        if scaled < FEWEST || scaled * 2 < file.parsed.records() {
            continue;
        }
        let of_column = |finding| {
            column(finding).is_some_and(|(column, value)| {
                column == (code, feed, field) && form(code, value) == form_of_most
            })
        };
        let findings: Vec<u32> =
            claims.free().filter(|(_, f)| of_column(f)).map(|(at, _)| at).collect();
        let first = findings.iter().filter_map(|at| claims.findings.get(*at as usize));
        let line = first.clone().find_map(|finding| finding.line);
        let lines = unlisted_lines(known, first, feed, field, total.copied().unwrap_or(0) > held);
        let event = Event::Uniform {
            feed,
            field: field.to_owned(),
            values: named(&values),
            cells: scaled,
            line,
        };
        if let Some(draft) = claims.claim(event, findings) {
            draft.lines = lines;
        }
    }
}

/// The form of a value. Keys and names that differ in their digits are different ones.
fn form(code: &str, value: &str) -> String {
    if !code.starts_with('V') {
        return value.to_owned();
    }
    let mut form = String::new();
    for char in value.chars() {
        match char.is_ascii_digit() {
            true if form.ends_with('0') => {}
            true => form.push('0'),
            false => form.push(char),
        }
    }
    form
}

/// The values that most cells hold, the most frequent one first.
fn named(values: &BTreeMap<&str, u64>) -> Vec<String> {
    let mut values: Vec<(&str, u64)> = values.iter().map(|(v, cells)| (*v, *cells)).collect();
    values.sort_by_key(|(value, cells)| (std::cmp::Reverse(*cells), *value));
    values.into_iter().take(NAMED).map(|(value, _)| value.to_owned()).collect()
}

/// The rule, the column and the value that a finding is about.
fn column(finding: &Finding) -> Option<((&'static str, Feed, &str), &str)> {
    let field = finding.field.as_deref()?;
    let value = finding.value.as_deref().unwrap_or_default().trim();
    let of_cell = finding.code.starts_with(['V', 'X', 'N']);
    of_cell.then_some(((finding.code, finding.feed, field), value))
}

/// The lines of cells at fault in a column, where the run does not hold all findings.
fn unlisted_lines<'f>(
    known: &Known<'_, '_, '_>,
    mut findings: impl Iterator<Item = &'f Finding>,
    feed: Feed,
    field: &str,
    unlisted: bool,
) -> Vec<(Feed, u32)> {
    let (Some(file), Some(first)) = (known.places.file(feed), findings.next()) else {
        return Vec::new();
    };
    let Some(position) = file.schema.position(field).filter(|_| unlisted) else {
        return Vec::new();
    };
    let kind = first.line.and_then(|line| file.row(line)).and_then(|row| {
        let faults = &file.parsed.faults;
        let from = faults.partition_point(|fault| fault.row < row);
        let of_row = faults[from..].iter().take_while(|fault| fault.row == row);
        of_row.into_iter().find(|fault| usize::from(fault.field) == position).map(|f| f.kind)
    });
    let of_column = |fault: &&crate::parse::CellFault| {
        usize::from(fault.field) == position && Some(fault.kind) == kind
    };
    let faults = file.parsed.faults.iter().filter(of_column);
    faults.filter_map(|fault| Some((feed, u32::try_from(file.line(fault.row)).ok()?))).collect()
}
