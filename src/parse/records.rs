//! Lines to records: splitting, casting and hashing, on all cores.

use std::{iter, num::NonZero, ops::Range, thread};

use polars::prelude::PolarsResult;
use xxhash_rust::xxh3::xxh3_64;

use crate::config::schema::Schema;
use crate::decode::{BadBytes, LineEnd, Lines};
use crate::model::{Feed, RowCounter, Table};

use super::cast;
use super::cast::DateStyle;
use super::clean;
use super::columns::{ColumnChunk, Columns, Filled, Finished};
use super::laid_out::LaidOut;
use super::line_limit::MAX_LINE;
use super::meaning::{CellKind, Number};
use super::parsed::Parsed;
use super::plan::{LineCells, Plan, Splitter};
use super::quotes::{self, Quoting, SEPARATOR};
use super::record_facts::{
    CellFault, CellFaultKind, Oversized, Ragged, RaggedWhy, Reformatted, Undecoded,
};
use super::titles::Titles;

/// Raw bytes decoded at a time; larger runs cost page faults (`encoding_rs`: 204 ms whole, 72 ms so).
const RUN: u64 = 1 << 20;
/// Number of raw bytes from which another thread pays.
const THREAD: u64 = 2 << 20;

/// Cuts all lines behind the header into records.
///
/// # Errors
/// If the columns do not make a frame (a bug: lengths agree by construction, names by the schema).
pub(super) fn records<'a>(
    laid_out: LaidOut<'a, '_>,
    schema: &Schema,
    feed: Feed,
    counter: RowCounter<'_>,
) -> PolarsResult<Parsed<'a>> {
    let LaidOut { lines, layout, frame, ambiguous_quotes } = laid_out;
    let header = layout.header.as_ref().map(|header| header.line);
    let first = header.map_or(frame.first, |header| header + 1);
    let above = frame.first..header.unwrap_or(frame.first);
    let is_comment = |line: &usize| frame.is_comment(&lines.decode(*line).text);
    let comments_above = above.clone().filter(is_comment).count();
    let oversized_above =
        above.clone().filter(|line| lines.raw_len(*line) > MAX_LINE && !is_comment(line));
    let oversized_above: Vec<Oversized> =
        oversized_above.map(|line| Oversized::at(&lines, line)).collect();
    // The header is the first line that is neither blank nor too long to be looked at.
    let blank_above = (above.len() - oversized_above.len() - comments_above) as u64;
    let other_above = (frame.first + comments_above) as u64;
    let plan = Plan::new(&layout, frame, schema, feed);
    let schema = schema.feed(feed);
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
    let (mut whole, mut filled) = (Part::new(schema.fields.len()), Vec::with_capacity(parts.len()));
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
        reformatted: whole.reformatted,
        blank: whole.blank + blank_above,
        other: whole.other + other_above,
        titles: Titles::of(schema),
        trailer: frame.trailer,
        ambiguous_quotes,
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

/// What one range of lines holds beside the cells of its records.
#[derive(Default)]
struct Part {
    rows: u32,
    ragged: Vec<Ragged>,
    undecoded: Vec<Undecoded>,
    oversized: Vec<Oversized>,
    faults: Vec<CellFault>,
    /// One a field.
    reformatted: Vec<Reformatted>,
    blank: u64,
    other: u64,
}

impl Part {
    fn new(fields: usize) -> Part {
        Part { reformatted: vec![Reformatted::default(); fields], ..Part::default() }
    }

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
            decoded_twice: false,
            part: Part::new(plan.fields.len()),
        };
        let mut buffer = String::new();
        let line_end = match lines.line_end() {
            LineEnd::Lf => '\n',
            LineEnd::Cr => '\r',
        };
        for run in lines.runs(range, RUN) {
            counter.add(run.len() as u64, lines.raw_size(run.clone()));
            let Some(text) = lines.decode_run(run.clone(), &mut buffer) else {
                for line in run {
                    if lines.continues(line) {
                        reader.part.other += 1;
                        continue;
                    }
                    let decoded = lines.decode(line);
                    reader.decoded_twice = plan.decoded_twice.is_in(&decoded.text);
                    reader.take(lines, line, &decoded.text, &decoded.bad);
                }
                continue;
            };
            reader.decoded_twice = plan.decoded_twice.is_in(text);
            let mut rest = text;
            for line in run {
                let (this, next) = rest.split_once(line_end).unwrap_or((rest, ""));
                rest = next;
                // As `Lines::raw` has it: end-of-file marks of DOS stand behind the last line end.
                let this = match line + 1 == lines.len() && !text.ends_with(line_end) {
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
        for (whole, next) in self.reformatted.iter_mut().zip(next.reformatted) {
            whole.append(next, rows);
        }
        self.blank += next.blank;
        self.other += next.other;
    }
}

/// Reads line after line into its chunk; its buffers are reused.
struct Reader<'p, 'c> {
    plan: &'p Plan<'p>,
    chunk: ColumnChunk<'c>,
    cells: Vec<(u32, u32)>,
    content: Vec<u8>,
    /// Whether the lines at hand may hold a text that was decoded twice; asked for many lines at once.
    decoded_twice: bool,
    part: Part,
}

impl Reader<'_, '_> {
    /// A line as delivered.
    fn take(&mut self, lines: &Lines<'_>, line: usize, text: &str, bad: &[BadBytes]) {
        let plan = self.plan;
        if plan.frame.is_comment(text) || plan.frame.is_trailer(line) {
            self.part.other += 1;
            return;
        }
        if plan.quotes == Quoting::Text || !text.contains('"') {
            self.line(lines, line, text, bad, &plan.delimiter);
            return;
        }
        match quotes::unquoted(text, plan.delimiter.text, plan.quotes, bad) {
            Some((text, bad)) => self.line(lines, line, &text, &bad, &plan.separator),
            None => self.misquoted(lines, line, text, bad),
        }
    }

    /// A line whose quotes do not fit: none of its cells can be trusted.
    fn misquoted(&mut self, lines: &Lines<'_>, line: usize, text: &str, bad: &[BadBytes]) {
        let number = line as u32;
        if lines.raw_len(line) > MAX_LINE {
            self.part.oversized.push(Oversized::at(lines, line));
        }
        let undecoded =
            bad.iter().map(|bytes| Undecoded { line: number, offset: bytes.offset, field: None });
        self.part.undecoded.extend(undecoded);
        let found = quotes::cells(text, self.plan.delimiter.text).len() as u32;
        self.part.ragged.push(Ragged { line: number, found, why: RaggedWhy::Quote });
    }

    /// A line without quotes.
    fn line(
        &mut self,
        lines: &Lines<'_>,
        line: usize,
        text: &str,
        bad: &[BadBytes],
        splitter: &Splitter<'_>,
    ) {
        let plan = self.plan;
        let number = line as u32;
        if cast::is_blank(text) && bad.is_empty() && !text.contains(splitter.text) {
            self.part.blank += 1;
            return;
        }
        // A decoded character has at least half the bytes of its raw form in every encoding read.
        if (plan.quotes != Quoting::Text || text.len() > MAX_LINE / 2)
            && lines.raw_len(line) > MAX_LINE
        {
            self.part.oversized.push(Oversized::at(lines, line));
        }
        splitter.split(text, &mut self.cells);
        let has_width = self.cells.len() == plan.width;
        let behind = has_width && plan.trailing && {
            let (start, end) = self.cells[plan.width - 1];
            !cast::is_blank(&text[start as usize..end as usize])
        };
        let fits = has_width && !behind;
        for bytes in bad {
            let at = bytes.at.start as u32;
            let column = self.cells.iter().position(|(_, end)| at < *end).filter(|_| fits);
            let field = plan.fields.iter().position(|f| f.column.is_some() && f.column == column);
            let field = field.map(|f| f as u16);
            self.part.undecoded.push(Undecoded { line: number, offset: bytes.offset, field });
        }
        if fits {
            match clean::clean_line(text, &self.cells, bad) {
                None => self.record(number, text, bad),
                Some(cleaned) => {
                    self.note_controls(&cleaned.changed);
                    self.cells = cleaned.cells;
                    // A trace may come together only where characters were removed, so the answer for the lines at hand
                    // does not hold for this one.
                    let of_lines = std::mem::replace(&mut self.decoded_twice, true);
                    self.record(number, &cleaned.text, &cleaned.bad);
                    self.decoded_twice = of_lines;
                }
            }
        } else {
            let why = match behind {
                true => RaggedWhy::Behind,
                false if self.fits_unquoted(text) => RaggedWhy::Quotable,
                false => RaggedWhy::Count,
            };
            self.part.ragged.push(Ragged { line: number, found: self.cells.len() as u32, why });
        }
    }

    /// Whether a line whose quotes are taken for text has the right number of fields if they enclose cells.
    fn fits_unquoted(&self, text: &str) -> bool {
        let plan = self.plan;
        let fields = || quotes::unquoted(text, plan.delimiter.text, Quoting::Needed, &[]);
        plan.quotes == Quoting::Text
            && text.contains('"')
            && fields().is_some_and(|(bare, _)| bare.split(SEPARATOR).count() == plan.width)
    }

    /// Notes on the next record the columns of which characters were removed.
    fn note_controls(&mut self, columns: &[usize]) {
        let row = self.chunk.rows() as u32;
        let fields = self.plan.fields.iter().enumerate();
        let changed = fields.filter(|(_, f)| f.column.is_some_and(|c| columns.contains(&c)));
        let kind = CellFaultKind::ControlCharacter;
        let faults = changed.map(|(at, _)| CellFault { row, field: at as u16, kind });
        self.part.faults.extend(faults);
    }

    fn record(&mut self, line: u32, text: &str, bad: &[BadBytes]) {
        let plan = self.plan;
        let row = self.chunk.rows() as u32;
        // The length of a line that is too long itself is one defect.
        let oversized = self.part.oversized.last().is_some_and(|last| last.line == line);
        self.content.clear();
        let cells = LineCells { text, cells: &self.cells };
        for (at, (field, writer)) in plan.fields.iter().zip(&mut self.chunk.writers).enumerate() {
            let span = field.column.map_or(0..0, |column| cells.range(column));
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
            if value.is_empty() || plan.declares_no_value(field, value, cells) {
                if field.is_key {
                    fault(CellFaultKind::EmptyKey);
                } else if field.required && !plan.is_excused(field, cells) {
                    fault(CellFaultKind::Missing);
                } else if value.len() != delivered.len() {
                    fault(CellFaultKind::Whitespace);
                }
                self.content.extend_from_slice(&u32::MAX.to_le_bytes());
                writer.null();
                continue;
            }
            if value.len() != delivered.len() {
                fault(CellFaultKind::Whitespace);
            }
            if self.decoded_twice && plan.decoded_twice.is_in(value) {
                fault(CellFaultKind::DecodedTwice);
            }
            match &field.meaning.kind {
                CellKind::Text => {
                    if is_too_long(value, field.max_length) && !oversized {
                        fault(CellFaultKind::TooLong);
                    }
                    self.content.extend_from_slice(&(value.len() as u32).to_le_bytes());
                    self.content.extend_from_slice(value.as_bytes());
                    writer.text(value);
                }
                CellKind::Integer(integers) => match integers.read(value) {
                    Number::None => {
                        fault(CellFaultKind::NotAnInteger);
                        writer.null();
                    }
                    read @ (Number::Usual(number)
                    | Number::Other(number)
                    | Number::NotAllowed(number)) => {
                        match read {
                            Number::NotAllowed(_) => fault(CellFaultKind::NotAllowed),
                            Number::Other(_) => self.part.reformatted[at].add(row),
                            Number::Usual(_) | Number::None => {}
                        }
                        self.content.extend_from_slice(&number.to_le_bytes());
                        writer.integer(number);
                    }
                },
                CellKind::Date(dates) => match dates.read(value) {
                    Some((days, style)) => {
                        if style == DateStyle::Other {
                            self.part.reformatted[at].add(row);
                        }
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

/// Whether a text has more characters than are allowed; it has at most as many as bytes.
fn is_too_long(text: &str, limit: usize) -> bool {
    text.len() > limit && text.chars().count() > limit
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
