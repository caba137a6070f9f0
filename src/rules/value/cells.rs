//! Findings from the cells that the parser noted.

use chrono::{Duration, NaiveDate};
use polars_arrow::array::Array;

use crate::config::schema::{Field, Kind};
use crate::model::Column;
use crate::parse::{CellFaultKind, trim};
use crate::rules::{LineContext, NewFinding, Sink};

/// Reports every cell with this fault; `words` gets the field and the value as delivered, trimmed.
pub(in crate::rules) fn report_cells(
    context: &LineContext<'_, '_>,
    sink: &mut Sink,
    kind: CellFaultKind,
    words: impl Fn(&Field, &str) -> NewFinding,
) {
    for file in context.readable() {
        for fault in file.parsed.faults.iter().filter(|fault| fault.kind == kind) {
            sink.report(file.feed, &[file.line(fault.row)], || {
                let field = &file.schema.fields[usize::from(fault.field)];
                let value = file.delivered(fault.row, usize::from(fault.field));
                let delivered = value.as_deref().unwrap_or_default();
                let shown = match kind {
                    // Some of them are white space too.
                    CellFaultKind::ControlCharacter => delivered,
                    _ => trim(delivered),
                };
                words(field, shown).key(file.key(fault.row)).field(&field.name).value(value)
            });
        }
    }
}

/// Reports every cell of a kind of field that was accepted in another form than the usual one; `words` gets the
/// field, the trimmed value as delivered, and what it was read as. The first ones of a field are listed, and all are
/// counted: such a form fills whole columns.
pub(in crate::rules) fn report_reformatted(
    context: &LineContext<'_, '_>,
    sink: &mut Sink,
    is_concerned: impl Fn(&Kind) -> bool,
    words: impl Fn(&Field, &str, &str) -> NewFinding,
) {
    for file in context.readable() {
        for (at, (field, cells)) in
            file.schema.fields.iter().zip(&file.parsed.reformatted).enumerate()
        {
            if !is_concerned(&field.kind) {
                continue;
            }
            for row in &cells.rows {
                sink.report(file.feed, &[file.line(*row)], || {
                    let value = file.delivered(*row, at);
                    let read = read_as(file.parsed.table.column(&field.name), *row);
                    words(field, value.as_deref().map_or("", trim), &read)
                        .key(file.key(*row))
                        .field(&field.name)
                        .value(value)
                });
            }
            sink.count(cells.count - cells.rows.len() as u64);
        }
    }
}

/// A value as it is published.
fn read_as(column: Option<Column<'_>>, row: u32) -> String {
    let row = row as usize;
    match column {
        Some(Column::Int(values)) if values.is_valid(row) => values.value(row).to_string(),
        Some(Column::Date(days)) if days.is_valid(row) => {
            let days = Duration::days(i64::from(days.value(row)));
            (NaiveDate::default() + days).to_string()
        }
        _ => String::new(),
    }
}
