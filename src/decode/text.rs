//! Bytes of one encoding to text, with the spans that did not decode, and where its lines end.

use std::{borrow::Cow, ops::Range};

use encoding_rs::{DecoderResult, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::config::job::Encoding;

/// One decoded line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text without its line end; U+FFFD stands where bytes did not decode.
    pub text: Cow<'a, str>,
    /// What did not decode, in order.
    pub bad: Vec<BadBytes>,
}

/// A malformed sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBytes {
    /// Offset of its first byte in the file, 0-based.
    pub offset: u64,
    /// Position of its U+FFFD in the decoded line.
    pub at: Range<usize>,
}

/// What ends the lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// LF, with or without CR before it.
    Lf,
    /// CR alone.
    Cr,
}

impl LineEnd {
    /// The last byte of a line end.
    pub(super) fn byte(self) -> u8 {
        match self {
            LineEnd::Lf => b'\n',
            LineEnd::Cr => b'\r',
        }
    }
}

/// What ends the lines of text without a byte-order mark: CR where there is no LF at all.
pub(super) fn line_end(bytes: &[u8], encoding: Encoding) -> LineEnd {
    let has = |mark| ends_at(bytes, encoding, mark).next().is_some();
    if !has(b'\n') && has(b'\r') { LineEnd::Cr } else { LineEnd::Lf }
}

/// Where the lines of text without a byte-order mark end, their line ends included; found one by one, so
/// that reading a few lines costs a few.
pub(super) fn line_ends(
    bytes: &[u8],
    encoding: Encoding,
    line_end: LineEnd,
) -> Box<dyn Iterator<Item = usize> + '_> {
    ends_at(bytes, encoding, line_end.byte())
}

/// Where each occurrence of an ASCII character ends.
fn ends_at(bytes: &[u8], encoding: Encoding, mark: u8) -> Box<dyn Iterator<Item = usize> + '_> {
    let feeds = memchr::memchr_iter(mark, bytes);
    match encoding {
        Encoding::Utf8 | Encoding::Gb18030 => Box::new(feeds.map(|i| i + 1)),
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let low = usize::from(encoding == Encoding::Utf16Be);
            let ends =
                feeds.filter(move |i| i % 2 == low && bytes.get(i + 1 - 2 * low) == Some(&0));
            Box::new(ends.map(move |i| i + 2 - low))
        }
    }
}

/// Text of raw bytes that begin at an offset of their file, with the spans that did not decode.
pub(super) fn decode(raw: &[u8], encoding: Encoding, offset: u64) -> Text<'_> {
    if encoding == Encoding::Utf8
        && let Ok(text) = std::str::from_utf8(raw)
    {
        return Text { text: Cow::Borrowed(text), bad: Vec::new() };
    }
    let mut decoder = decoder_of(encoding).new_decoder_without_bom_handling();
    let mut text = String::new();
    let mut bad = Vec::new();
    let mut read = 0;
    loop {
        text.reserve(raw.len().saturating_sub(read) * 2 + 16);
        let (result, consumed) =
            decoder.decode_to_string_without_replacement(&raw[read..], &mut text, true);
        read += consumed;
        match result {
            DecoderResult::InputEmpty => break,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, after) => {
                let first = read.saturating_sub(usize::from(length) + usize::from(after));
                let at = text.len();
                text.push('\u{FFFD}');
                bad.push(BadBytes { offset: offset + first as u64, at: at..text.len() });
            }
        }
    }
    Text { text: Cow::Owned(text), bad }
}

pub(super) fn decoder_of(encoding: Encoding) -> &'static encoding_rs::Encoding {
    match encoding {
        Encoding::Utf8 => UTF_8,
        Encoding::Gb18030 => GB18030,
        Encoding::Utf16Le => UTF_16LE,
        Encoding::Utf16Be => UTF_16BE,
    }
}
