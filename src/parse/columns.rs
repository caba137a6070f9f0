//! The columns of a file's records, made once for the whole file and filled by several threads at a time.
//!
//! Each thread has a chunk of every column. Columns that each thread makes for itself have to be joined,
//! which writes everything twice; at a million agents that cost 0.1 s and, for a while, a second copy.

use std::{num::NonZero, thread};

use bytemuck::allocation::zeroed_vec;
use polars::prelude::{
    Column, Int32Chunked, Int64Chunked, IntoColumn, IntoSeries, PolarsResult, StringChunked,
};
use polars_arrow::array::{PrimitiveArray, Utf8ViewArray, View};
use polars_arrow::bitmap::{Bitmap, MutableBitmap};
use polars_arrow::datatypes::ArrowDataType;

use crate::config::schema::Kind;

/// Size in bytes of the blocks for texts over 12 bytes.
const BLOCK: usize = 1 << 20;
/// Number of rows from which columns are finished on several threads.
const MANY: usize = 1 << 16;

/// The columns of a file while they are filled. One slot a line of the file; slots cost memory only once
/// they are written.
pub(super) struct Columns {
    cells: Vec<Cells>,
    lines: Vec<u32>,
    hashes: Vec<u64>,
    /// Number of slots of each chunk.
    chunks: Vec<usize>,
}

/// The slots of one column.
enum Cells {
    Text(Vec<View>),
    Integer(Vec<i64>),
    Date(Vec<i32>),
}

/// One thread's part of every column.
pub(super) struct ColumnChunk<'c> {
    /// One a field.
    pub(super) writers: Vec<Writer<'c>>,
    lines: &'c mut [u32],
    hashes: &'c mut [u64],
    rows: usize,
}

/// One thread's part of one column; every call fills the next slot.
pub(super) struct Writer<'c> {
    slots: Slots<'c>,
    next: usize,
    valid: MutableBitmap,
}

enum Slots<'c> {
    Text(&'c mut [View], Texts),
    Integer(&'c mut [i64]),
    Date(&'c mut [i32]),
}

/// The texts over 12 bytes of one chunk of one column.
struct Texts {
    blocks: Vec<Vec<u8>>,
    /// The text stored last. Files come sorted by team more often than not, and then the same names of
    /// teams and offices repeat from row to row; they are stored once.
    last: View,
    /// Block `n` of this chunk is buffer `first + n * step` of the column.
    first: usize,
    step: usize,
}

/// What a chunk was filled with, beside its slots.
pub(super) struct Filled {
    rows: usize,
    /// One a field: which cells have a value, and the blocks of texts.
    fields: Vec<(MutableBitmap, Vec<Vec<u8>>)>,
}

/// The finished columns of a file.
pub(super) struct Finished {
    /// One a field.
    pub(super) columns: Vec<Column>,
    /// 1-based physical line by row.
    pub(super) lines: Vec<u32>,
    /// Content hash by row.
    pub(super) hashes: Vec<u64>,
}

impl Columns {
    /// Creates columns of these kinds for chunks of at most this many rows.
    pub(super) fn new<'k>(kinds: impl Iterator<Item = &'k Kind>, chunks: Vec<usize>) -> Columns {
        let slots = chunks.iter().sum();
        let cells = kinds.map(|kind| match kind {
            Kind::Text => Cells::Text(zeroed_vec(slots)),
            Kind::Integer => Cells::Integer(vec![0; slots]),
            Kind::Date(_) => Cells::Date(vec![0; slots]),
        });
        let cells = cells.collect();
        Columns { cells, lines: vec![0; slots], hashes: vec![0; slots], chunks }
    }

    /// The chunks, in order.
    pub(super) fn chunks(&mut self) -> Vec<ColumnChunk<'_>> {
        let step = self.chunks.len();
        let lines = cut(&mut self.lines, &self.chunks);
        let hashes = cut(&mut self.hashes, &self.chunks);
        let mut chunks: Vec<ColumnChunk<'_>> = lines
            .into_iter()
            .zip(hashes)
            .map(|(lines, hashes)| ColumnChunk { writers: Vec::new(), lines, hashes, rows: 0 })
            .collect();
        for cells in &mut self.cells {
            let slots: Vec<Slots<'_>> = match cells {
                Cells::Text(slots) => cut(slots, &self.chunks)
                    .into_iter()
                    .enumerate()
                    .map(|(first, slots)| Slots::Text(slots, Texts::new(first, step)))
                    .collect(),
                Cells::Integer(slots) => {
                    cut(slots, &self.chunks).into_iter().map(Slots::Integer).collect()
                }
                Cells::Date(slots) => {
                    cut(slots, &self.chunks).into_iter().map(Slots::Date).collect()
                }
            };
            for (chunk, slots) in chunks.iter_mut().zip(slots) {
                let valid = MutableBitmap::with_capacity(chunk.lines.len());
                chunk.writers.push(Writer { slots, next: 0, valid });
            }
        }
        chunks
    }

    /// Closes the gaps that chunks left and makes polars columns of these names.
    ///
    /// # Errors
    /// If polars does not take the columns (a bug).
    pub(super) fn finish(self, names: &[&str], filled: Vec<Filled>) -> PolarsResult<Finished> {
        let Columns { cells, mut lines, mut hashes, chunks } = self;
        let rows: Vec<(usize, usize)> =
            chunks.iter().copied().zip(filled.iter().map(|f| f.rows)).collect();
        close(&mut lines, &rows);
        close(&mut hashes, &rows);
        let mut fields: Vec<_> = filled.into_iter().map(|f| f.fields.into_iter()).collect();
        let raw: Vec<RawColumn<'_>> = names
            .iter()
            .zip(cells)
            .map(|(name, cells)| {
                let (valid, blocks) = fields.iter_mut().filter_map(Iterator::next).unzip();
                RawColumn { name, cells, valid, blocks }
            })
            .collect();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if lines.len() < MANY { 1 } else { cores };
        let columns = finish_all(raw, threads, &rows)?;
        Ok(Finished { columns, lines, hashes })
    }
}

/// A column whose chunks are filled.
struct RawColumn<'n> {
    name: &'n str,
    cells: Cells,
    /// One per chunk.
    valid: Vec<MutableBitmap>,
    /// One per chunk.
    blocks: Vec<Vec<Vec<u8>>>,
}

/// Polars looks at every text once more, which is worth the threads.
fn finish_all(
    raw: Vec<RawColumn<'_>>,
    threads: usize,
    rows: &[(usize, usize)],
) -> PolarsResult<Vec<Column>> {
    let mut shares: Vec<Vec<(usize, RawColumn<'_>)>> = (0..threads).map(|_| Vec::new()).collect();
    for (at, column) in raw.into_iter().enumerate() {
        shares[at % threads].push((at, column));
    }
    let finish = |share: Vec<(usize, RawColumn<'_>)>| -> PolarsResult<Vec<(usize, Column)>> {
        share.into_iter().map(|(at, column)| Ok((at, column.finish(rows)?))).collect()
    };
    let mut columns = thread::scope(|scope| -> PolarsResult<Vec<(usize, Column)>> {
        let rest = shares.split_off(1);
        let rest: Vec<_> = rest.into_iter().map(|share| scope.spawn(|| finish(share))).collect();
        let mut columns = Vec::new();
        for share in shares {
            columns.extend(finish(share)?);
        }
        for worker in rest {
            columns.extend(worker.join().unwrap_or_else(|p| std::panic::resume_unwind(p))?);
        }
        Ok(columns)
    })?;
    columns.sort_by_key(|(at, _)| *at);
    Ok(columns.into_iter().map(|(_, column)| column).collect())
}

impl RawColumn<'_> {
    fn finish(self, rows: &[(usize, usize)]) -> PolarsResult<Column> {
        let (name, valid) = (self.name.into(), validity(&self.valid));
        Ok(match self.cells {
            Cells::Text(mut views) => {
                close(&mut views, rows);
                let blocks = interleaved(self.blocks).into_iter().map(Into::into);
                let array = Utf8ViewArray::try_new(
                    ArrowDataType::Utf8View,
                    views.into(),
                    blocks.collect(),
                    valid,
                )?;
                StringChunked::with_chunk(name, array).into_column()
            }
            Cells::Integer(mut values) => {
                close(&mut values, rows);
                let array = PrimitiveArray::try_new(ArrowDataType::Int64, values.into(), valid)?;
                Int64Chunked::with_chunk(name, array).into_column()
            }
            Cells::Date(mut values) => {
                close(&mut values, rows);
                let array = PrimitiveArray::try_new(ArrowDataType::Int32, values.into(), valid)?;
                Int32Chunked::with_chunk(name, array).into_series().into_date().into_column()
            }
        })
    }
}

/// Which cells of a column have a value; none if all have.
fn validity(chunks: &[MutableBitmap]) -> Option<Bitmap> {
    if chunks.iter().all(|valid| valid.unset_bits() == 0) {
        return None;
    }
    let mut whole = MutableBitmap::with_capacity(chunks.iter().map(MutableBitmap::len).sum());
    for valid in chunks {
        whole.extend_from_slice(valid.as_slice(), 0, valid.len());
    }
    Some(whole.into())
}

/// The blocks of all chunks by the numbers that [`Texts`] gave them.
fn interleaved(chunks: Vec<Vec<Vec<u8>>>) -> Vec<Vec<u8>> {
    let most = chunks.iter().map(Vec::len).max().unwrap_or_default();
    let mut chunks: Vec<_> = chunks.into_iter().map(Vec::into_iter).collect();
    let mut blocks = Vec::with_capacity(most * chunks.len());
    for _ in 0..most {
        blocks.extend(chunks.iter_mut().map(|blocks| blocks.next().unwrap_or_default()));
    }
    blocks
}

/// Cuts slots into chunks of these lengths.
fn cut<'c, T>(mut slots: &'c mut [T], lengths: &[usize]) -> Vec<&'c mut [T]> {
    let mut chunks = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (chunk, rest) = slots.split_at_mut(*length);
        chunks.push(chunk);
        slots = rest;
    }
    chunks
}

/// Moves the content of chunks together; of each is given how many slots it has and how many are filled.
fn close<T: Copy>(slots: &mut Vec<T>, chunks: &[(usize, usize)]) {
    let (mut start, mut end) = (0, 0);
    for (length, filled) in chunks {
        if start != end {
            slots.copy_within(start..start + filled, end);
        }
        start += length;
        end += filled;
    }
    slots.truncate(end);
}

impl ColumnChunk<'_> {
    /// Number of rows filled.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Ends a row, every writer having been given its cell.
    pub(super) fn end_row(&mut self, line: u32, hash: u64) {
        self.lines[self.rows] = line;
        self.hashes[self.rows] = hash;
        self.rows += 1;
    }

    /// All rows are there.
    pub(super) fn finish(self) -> Filled {
        let field = |writer: Writer<'_>| match writer.slots {
            Slots::Text(_, texts) => (writer.valid, texts.blocks),
            Slots::Integer(_) | Slots::Date(_) => (writer.valid, Vec::new()),
        };
        Filled { rows: self.rows, fields: self.writers.into_iter().map(field).collect() }
    }
}

impl Writer<'_> {
    /// A cell without a value.
    pub(super) fn null(&mut self) {
        self.valid.push(false);
        self.next += 1;
    }

    /// A text; nothing where the column holds no texts.
    pub(super) fn text(&mut self, value: &str) {
        if let Slots::Text(slots, texts) = &mut self.slots {
            slots[self.next] = texts.view(value.as_bytes());
            self.valid.push(true);
            self.next += 1;
        } else {
            self.null();
        }
    }

    /// An integer; nothing where the column holds no integers.
    pub(super) fn integer(&mut self, value: i64) {
        if let Slots::Integer(slots) = &mut self.slots {
            slots[self.next] = value;
            self.valid.push(true);
            self.next += 1;
        } else {
            self.null();
        }
    }

    /// A date as days since 1970-01-01; nothing where the column holds no dates.
    pub(super) fn date(&mut self, days: i32) {
        if let Slots::Date(slots) = &mut self.slots {
            slots[self.next] = days;
            self.valid.push(true);
            self.next += 1;
        } else {
            self.null();
        }
    }
}

impl Texts {
    fn new(first: usize, step: usize) -> Texts {
        Texts { blocks: Vec::new(), last: View::default(), first, step }
    }

    fn view(&mut self, text: &[u8]) -> View {
        if text.len() <= View::MAX_INLINE_SIZE as usize {
            return View::new_inline(text);
        }
        if !self.holds(self.last, text) {
            self.last = self.store(text);
        }
        self.last
    }

    fn holds(&self, view: View, text: &[u8]) -> bool {
        let start = view.offset as usize;
        view.length as usize == text.len()
            && self.blocks.get(view.buffer_idx as usize / self.step).is_some_and(|block| {
                block.get(start..start + text.len()).is_some_and(|held| held == text)
            })
    }

    fn store(&mut self, text: &[u8]) -> View {
        let room = |block: &Vec<u8>| block.capacity() - block.len() >= text.len();
        if !self.blocks.last().is_some_and(room) {
            self.blocks.push(Vec::with_capacity(text.len().max(BLOCK)));
        }
        let at = self.blocks.len() - 1;
        let block = &mut self.blocks[at];
        let view =
            View::new_from_bytes(text, (self.first + at * self.step) as u32, block.len() as u32);
        block.extend_from_slice(text);
        view
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
