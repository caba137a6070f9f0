//! The binary format of COPY, which PostgreSQL's manual describes: rows by the million without a statement for each, nor a
//! call through a pointer for each cell.

use std::io::{self, BufRead, Read, Write};

use chrono::NaiveDate;
use postgres::{CopyInWriter, CopyOutReader};

/// How the format begins: signature, flags, length of the extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// PostgreSQL counts days from 2000-01-01 on.
const EPOCH: i32 = 10_957;

/// A date after all others.
const INFINITY: i32 = i32::MAX;

/// Bytes that are held before they are handed over.
const HELD: usize = 1 << 16;

/// Rows on their way to the server.
pub(super) struct CopyIn<'c> {
    writer: CopyInWriter<'c>,
    held: Vec<u8>,
}

impl<'c> CopyIn<'c> {
    /// Begins a copy in the binary format.
    pub(super) fn new(writer: CopyInWriter<'c>) -> CopyIn<'c> {
        let mut held = Vec::with_capacity(2 * HELD);
        held.extend_from_slice(HEADER);
        CopyIn { writer, held }
    }

    /// Begins a row of so many columns.
    pub(super) fn row(&mut self, columns: usize) -> io::Result<()> {
        if self.held.len() >= HELD {
            self.writer.write_all(&self.held)?;
            self.held.clear();
        }
        let columns = i16::try_from(columns).map_err(io::Error::other)?;
        self.held.extend_from_slice(&columns.to_be_bytes());
        Ok(())
    }

    /// No value.
    pub(super) fn null(&mut self) {
        self.held.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    fn value(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.held.extend_from_slice(bytes);
    }

    /// A text.
    pub(super) fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.value(text.as_bytes()),
            None => self.null(),
        }
    }

    /// A text of outsiders, which may hold NUL, which PostgreSQL does not: it is shown by its symbol.
    pub(super) fn any_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) if text.contains('\0') => {
                self.value(text.replace('\0', "\u{2400}").as_bytes())
            }
            text => self.text(text),
        }
    }

    /// Bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.value(bytes);
    }

    /// A number of two bytes.
    pub(super) fn int2(&mut self, number: i16) {
        self.value(&number.to_be_bytes());
    }

    /// A number of four bytes.
    pub(super) fn int4(&mut self, number: i32) {
        self.value(&number.to_be_bytes());
    }

    /// A number of eight bytes.
    pub(super) fn int8(&mut self, number: i64) {
        self.value(&number.to_be_bytes());
    }

    /// A number of eight bytes, or nothing.
    pub(super) fn int8_or_null(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.int8(number),
            None => self.null(),
        }
    }

    /// A date, by its days since 1970-01-01.
    pub(super) fn days(&mut self, days: i32) {
        self.int4(days.saturating_sub(EPOCH));
    }

    /// A date.
    pub(super) fn date(&mut self, date: NaiveDate) {
        self.days(date.to_epoch_days());
    }

    /// A date, or nothing.
    pub(super) fn date_or_null(&mut self, date: Option<NaiveDate>) {
        match date {
            Some(date) => self.date(date),
            None => self.null(),
        }
    }

    /// The end of an interval: without one, the date after all others.
    pub(super) fn end(&mut self, date: Option<NaiveDate>) {
        match date {
            Some(date) => self.date(date),
            None => self.int4(INFINITY),
        }
    }

    /// Hands over what is held and ends the copy.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.held.extend_from_slice(&(-1_i16).to_be_bytes());
        self.writer.write_all(&self.held)?;
        self.writer.finish().map_err(io::Error::other)
    }
}

/// A row that came from the server.
#[derive(Debug, Default)]
pub(super) struct CopiedRow {
    bytes: Vec<u8>,
    /// Where each field begins and ends.
    fields: Vec<Option<(usize, usize)>>,
}

/// Reads all rows of a copy in the binary format.
pub(super) fn each_row<E: From<io::Error>>(
    mut reader: CopyOutReader<'_>,
    mut each: impl FnMut(&CopiedRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut header = [0; HEADER.len()];
    reader.read_exact(&mut header)?;
    let mut row = CopiedRow::default();
    loop {
        let mut count = [0; 2];
        reader.read_exact(&mut count)?;
        let Ok(count) = usize::try_from(i16::from_be_bytes(count)) else { break };
        row.bytes.clear();
        row.fields.clear();
        for _ in 0..count {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            let Ok(length) = usize::try_from(i32::from_be_bytes(length)) else {
                row.fields.push(None);
                continue;
            };
            let start = row.bytes.len();
            row.bytes.resize(start + length, 0);
            if let Some(field) = row.bytes.get_mut(start..) {
                reader.read_exact(field)?;
            }
            row.fields.push(Some((start, start + length)));
        }
        each(&row)?;
    }
    // What the server says at the end of the copy.
    while !reader.fill_buf()?.is_empty() {
        let length = reader.fill_buf()?.len();
        reader.consume(length);
    }
    Ok(())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sends {what}"))
}

impl CopiedRow {
    fn field(&self, at: usize) -> Option<&[u8]> {
        let (start, end) = (*self.fields.get(at)?)?;
        self.bytes.get(start..end)
    }

    /// Bytes; none where there is no value.
    pub(super) fn bytes_or_null(&self, at: usize) -> Option<&[u8]> {
        self.field(at)
    }

    /// A text; none where there is no value.
    pub(super) fn text_or_null(&self, at: usize) -> io::Result<Option<&str>> {
        let text = self.field(at).map(std::str::from_utf8).transpose();
        text.map_err(|_| wrong("a text that is not UTF-8"))
    }

    /// A text.
    pub(super) fn text(&self, at: usize) -> io::Result<&str> {
        self.text_or_null(at)?.ok_or_else(|| wrong("no value for a text"))
    }

    /// A number; none where there is no value.
    pub(super) fn int_or_null(&self, at: usize) -> io::Result<Option<i64>> {
        let Some(bytes) = self.field(at) else { return Ok(None) };
        match *bytes {
            [a, b, c, d] => Ok(Some(i32::from_be_bytes([a, b, c, d]).into())),
            _ => {
                let bytes = bytes.try_into().map_err(|_| wrong("a number of another size"))?;
                Ok(Some(i64::from_be_bytes(bytes)))
            }
        }
    }

    /// A number.
    pub(super) fn int(&self, at: usize) -> io::Result<i64> {
        self.int_or_null(at)?.ok_or_else(|| wrong("no value for a number"))
    }

    /// A date; none where there is no value, and for the date after all others.
    pub(super) fn date_or_null(&self, at: usize) -> io::Result<Option<NaiveDate>> {
        let Some(days) = self.int_or_null(at)? else { return Ok(None) };
        if days == i64::from(INFINITY) {
            return Ok(None);
        }
        let days = i32::try_from(days).ok().and_then(|days| days.checked_add(EPOCH));
        let date = days.and_then(NaiveDate::from_epoch_days);
        date.map(Some).ok_or_else(|| wrong("a date outside the calendar"))
    }

    /// A date.
    pub(super) fn date(&self, at: usize) -> io::Result<NaiveDate> {
        self.date_or_null(at)?.ok_or_else(|| wrong("no value for a date"))
    }

    /// Whether something holds.
    pub(super) fn bool(&self, at: usize) -> bool {
        self.field(at) == Some(&[1])
    }
}
