//! Lines to records: splitting, casting and hashing, on all cores.

use std::{iter, num::NonZero, ops::Range, thread};

use polars::prelude::PolarsResult;
use xxhash_rust::xxh3::xxh3_64;

use crate::config::schema::{FeedSchema, Kind, Required};
use crate::decode::{BadBytes, Lines};
use crate::model::{RowCounter, Table};

use super::columns::{ColumnChunk, Columns, Filled, Finished};
use super::line_limit::MAX_LINE;
use super::parsed::Parsed;
use super::record_facts::{CellFault, CellFaultKind, Oversized, Ragged, Undecoded};
use super::sniff::Layout;
use super::{cast, quotes};

/// Raw bytes decoded at a time; larger runs cost page faults (`encoding_rs`: 204 ms whole, 72 ms so).
const RUN: u64 = 1 << 20;
/// Number of raw bytes from which another thread pays.
const THREAD: u64 = 2 << 20;

/// Cuts all lines behind the header into records.
///
/// # Errors
/// If the columns do not make a frame (a bug: lengths agree by construction, names by the schema).
pub(super) fn records<'a>(
    lines: Lines<'a>,
    layout: Layout,
    schema: &FeedSchema,
    counter: RowCounter<'_>,
) -> PolarsResult<Parsed<'a>> {
    let first = layout.header.as_ref().map_or(0, |h| h.line + 1);
    let above = 0..first.saturating_sub(1);
    let oversized_above = above.clone().filter(|line| lines.raw_len(*line) > MAX_LINE);
    let oversized_above: Vec<Oversized> =
        oversized_above.map(|line| Oversized::at(&lines, line)).collect();
    // The header is the first line that is neither blank nor too long to be looked at.
    let blank_above = (above.len() - oversized_above.len()) as u64;
    let plan = Plan::new(&layout, schema);
    let ranges = ranges(&lines, first);
    let kinds = schema.fields.iter().map(|field| &field.kind);
    let mut columns = Columns::new(kinds, ranges.iter().map(Range::len).collect());
    let parts: Vec<(Part, Filled)> = thread::scope(|scope| {
        let workers: Vec<_> = ranges
            .into_iter()
            .zip(columns.chunks())
            .map(|(range, chunk)| {
                let (lines, plan) = (&lines, &plan);
                scope.spawn(move || Part::read(lines, range, plan, chunk, counter))
            })
            .collect();
        workers
            .into_iter()
            .map(|w| w.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let (mut whole, mut filled) = (Part::default(), Vec::with_capacity(parts.len()));
    for (part, chunk) in parts {
        whole.append(part);
        filled.push(chunk);
    }
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let Finished { columns, lines: numbers, hashes } = columns.finish(&names, filled)?;
    let table = Table::new(schema.feed, columns, numbers, hashes)?;
    Ok(Parsed {
        lines,
        layout,
        table,
        ragged: whole.ragged,
        undecoded: whole.undecoded,
        oversized: [oversized_above, whole.oversized].concat(),
        faults: whole.faults,
        blank: whole.blank + blank_above,
    })
}

/// One range of lines a thread; at least one range.
fn ranges(lines: &Lines<'_>, first: usize) -> Vec<Range<usize>> {
    let bytes = lines.raw_size(first..lines.len());
    let cores = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let threads = cores.min(bytes / THREAD).max(1);
    let ranges: Vec<_> = lines.runs(first..lines.len(), bytes.div_ceil(threads)).collect();
    if ranges.is_empty() { iter::once(first..first).collect() } else { ranges }
}

/// What to do with the cells of a line, worked out once a file.
struct Plan<'a> {
    /// What stands between the fields, once the quotes are off.
    delimiter: &'a str,
    /// What stands between them as delivered, where they are quoted.
    quoted_by: Option<&'a str>,
    finder: memchr::memmem::Finder<'a>,
    width: usize,
    fields: Vec<FieldPlan<'a>>,
}

struct FieldPlan<'a> {
    kind: &'a Kind,
    column: Option<usize>,
    is_key: bool,
    required: bool,
    /// Column of the field that excuses an empty cell by being empty itself.
    unless: Option<usize>,
    allowed: Vec<i64>,
}

impl<'a> Plan<'a> {
    fn new(layout: &'a Layout, schema: &'a FeedSchema) -> Plan<'a> {
        let column = |name: &str| layout.columns[schema.position(name)?];
        let fields = schema.fields.iter().enumerate().map(|(at, field)| FieldPlan {
            kind: &field.kind,
            column: layout.columns[at],
            is_key: at == schema.key,
            required: field.required != Required::No,
            unless: match &field.required {
                Required::Unless(other) => column(other),
                Required::No | Required::Yes => None,
            },
            allowed: field.allowed.iter().map(|(value, _)| *value).collect(),
        });
        Plan {
            delimiter: layout.separator(),
            quoted_by: layout.quoted.then_some(layout.delimiter.as_str()),
            finder: memchr::memmem::Finder::new(layout.separator()),
            width: layout.width,
            fields: fields.collect(),
        }
    }

    /// The cells of a line as byte ranges.
    fn split(&self, text: &str, cells: &mut Vec<(u32, u32)>) {
        cells.clear();
        let mut start = 0;
        let mut cell = |at: usize| {
            cells.push((start as u32, at as u32));
            start = at + self.delimiter.len();
        };
        match self.delimiter.as_bytes() {
            [byte] => memchr::memchr_iter(*byte, text.as_bytes()).for_each(&mut cell),
            _ => self.finder.find_iter(text.as_bytes()).for_each(&mut cell),
        }
        cells.push((start as u32, text.len() as u32));
    }
}

/// What one range of lines holds beside the cells of its records.
#[derive(Default)]
struct Part {
    rows: u32,
    ragged: Vec<Ragged>,
    undecoded: Vec<Undecoded>,
    oversized: Vec<Oversized>,
    faults: Vec<CellFault>,
    blank: u64,
}

impl Part {
    fn read(
        lines: &Lines<'_>,
        range: Range<usize>,
        plan: &Plan<'_>,
        chunk: ColumnChunk<'_>,
        counter: RowCounter<'_>,
    ) -> (Part, Filled) {
        let mut reader = Reader {
            plan,
            chunk,
            cells: Vec::with_capacity(plan.width + 1),
            content: Vec::with_capacity(256),
            part: Part::default(),
        };
        let mut buffer = String::new();
        for run in lines.runs(range, RUN) {
            counter.add(run.len() as u64, lines.raw_size(run.clone()));
            let Some(text) = lines.decode_run(run.clone(), &mut buffer) else {
                for line in run {
                    let decoded = lines.decode(line);
                    reader.take(lines, line, &decoded.text, &decoded.bad);
                }
                continue;
            };
            let mut rest = text;
            for line in run {
                let (this, next) = rest.split_once('\n').unwrap_or((rest, ""));
                rest = next;
                // As `Lines::raw` has it: end-of-file marks of DOS stand behind the last line end.
                let this = match line + 1 == lines.len() && !text.ends_with('\n') {
                    true => this.trim_end_matches('\u{1a}'),
                    false => this,
                };
                reader.take(lines, line, this.strip_suffix('\r').unwrap_or(this), &[]);
            }
        }
        let Reader { mut part, chunk, .. } = reader;
        part.rows = chunk.rows() as u32;
        (part, chunk.finish())
    }

    fn append(&mut self, next: Part) {
        let rows = self.rows;
        self.rows += next.rows;
        self.ragged.extend(next.ragged);
        self.undecoded.extend(next.undecoded);
        self.oversized.extend(next.oversized);
        self.faults.extend(next.faults.into_iter().map(|f| CellFault { row: f.row + rows, ..f }));
        self.blank += next.blank;
    }
}

/// Reads line after line into its chunk; its buffers are reused.
struct Reader<'p, 'c> {
    plan: &'p Plan<'p>,
    chunk: ColumnChunk<'c>,
    cells: Vec<(u32, u32)>,
    content: Vec<u8>,
    part: Part,
}

impl Reader<'_, '_> {
    /// A line as delivered.
    fn take(&mut self, lines: &Lines<'_>, line: usize, text: &str, bad: &[BadBytes]) {
        match self.plan.quoted_by {
            None => self.line(lines, line, text, bad),
            Some(delimiter) => {
                let (text, bad) = quotes::unquoted(text, delimiter, bad);
                self.line(lines, line, &text, &bad);
            }
        }
    }

    /// A line without quotes.
    fn line(&mut self, lines: &Lines<'_>, line: usize, text: &str, bad: &[BadBytes]) {
        let plan = self.plan;
        let number = line as u32;
        if cast::is_blank(text) && bad.is_empty() && !text.contains(plan.delimiter) {
            self.part.blank += 1;
            return;
        }
        // A decoded character has at least half the bytes of its raw form in every encoding read.
        if (plan.quoted_by.is_some() || text.len() > MAX_LINE / 2) && lines.raw_len(line) > MAX_LINE
        {
            self.part.oversized.push(Oversized::at(lines, line));
        }
        plan.split(text, &mut self.cells);
        let fits = self.cells.len() == plan.width;
        for bytes in bad {
            let at = bytes.at.start as u32;
            let column = self.cells.iter().position(|(_, end)| at < *end).filter(|_| fits);
            let field = plan.fields.iter().position(|f| f.column.is_some() && f.column == column);
            let field = field.map(|f| f as u16);
            self.part.undecoded.push(Undecoded { line: number, offset: bytes.offset, field });
        }
        if fits {
            self.record(number, text, bad);
        } else {
            self.part.ragged.push(Ragged { line: number, found: self.cells.len() as u32 });
        }
    }

    fn record(&mut self, line: u32, text: &str, bad: &[BadBytes]) {
        let plan = self.plan;
        let row = self.chunk.rows() as u32;
        self.content.clear();
        for (at, (field, writer)) in plan.fields.iter().zip(&mut self.chunk.writers).enumerate() {
            let range = |column: usize| {
                let (start, end) = self.cells[column];
                start as usize..end as usize
            };
            let span = field.column.map_or(0..0, range);
            let undecoded = bad.iter().any(|b| span.contains(&b.at.start));
            let delivered = &text[span];
            let value = cast::trim(delivered);
            let mut fault = |kind| {
                self.part.faults.push(CellFault { row, field: at as u16, kind });
            };
            if undecoded {
                // Undecodable bytes have no value and no other fault.
                writer.null();
                continue;
            }
            if value.is_empty() {
                let excused = field.unless.is_some_and(|c| cast::is_blank(&text[range(c)]));
                if field.is_key {
                    fault(CellFaultKind::EmptyKey);
                } else if field.required && !excused {
                    fault(CellFaultKind::Missing);
                } else if !delivered.is_empty() {
                    fault(CellFaultKind::Whitespace);
                }
                self.content.extend_from_slice(&u32::MAX.to_le_bytes());
                writer.null();
                continue;
            }
            if value.len() != delivered.len() {
                fault(CellFaultKind::Whitespace);
            }
            match field.kind {
                Kind::Text => {
                    self.content.extend_from_slice(&(value.len() as u32).to_le_bytes());
                    self.content.extend_from_slice(value.as_bytes());
                    writer.text(value);
                }
                Kind::Integer => match cast::integer(value) {
                    Some(number) => {
                        if !field.allowed.is_empty() && !field.allowed.contains(&number) {
                            fault(CellFaultKind::NotAllowed);
                        }
                        self.content.extend_from_slice(&number.to_le_bytes());
                        writer.integer(number);
                    }
                    None => {
                        fault(CellFaultKind::NotAnInteger);
                        writer.null();
                    }
                },
                Kind::Date(forms) => match cast::date(value, forms) {
                    Some((days, _)) => {
                        self.content.extend_from_slice(&days.to_le_bytes());
                        writer.date(days);
                    }
                    None => {
                        fault(CellFaultKind::NotADate);
                        writer.null();
                    }
                },
            }
        }
        self.chunk.end_row(line + 1, xxh3_64(&self.content));
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
