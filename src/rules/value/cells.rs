//! Findings from the cells that the parser noted.

use crate::config::schema::Field;
use crate::parse::{CellFaultKind, trim};
use crate::rules::{LineContext, NewFinding, Sink};

/// Reports every cell with this fault; `words` gets the field and the trimmed value as delivered.
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
                words(field, value.as_deref().map_or("", trim))
                    .key(file.key(fault.row))
                    .field(&field.name)
                    .value(value)
            });
        }
    }
}
