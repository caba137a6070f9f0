//! Raw bytes to lines of text, with the spans that did not decode.
//!
//! Lines are cut from the raw bytes at LF (or CR), which is safe in every encoding read here: no trailing byte
//! of GB18030 or UTF-8 equals one, and a malformed lead never swallows one (measured with encoding_rs over
//! every scalar value). Fields must only be split after decoding, since `|` is a trail byte of GBK.

mod detect;
mod other_encoding;
mod text;

use std::ops::Range;

use encoding_rs::DecoderResult;

use crate::config::job::Encoding;

pub use detect::{Detected, Undetectable, detect};
pub use other_encoding::OtherEncoding;
use other_encoding::RawLines;
pub use text::{BadBytes, LineEnd, Text};
use text::{decode, decoder_of, line_end, line_ends};

/// A file cut into physical lines. The bytes stay as delivered; text is made on demand.
#[derive(Debug)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    /// For each line its first byte; then the end of the last line, its line end included.
    starts: Vec<u64>,
    detected: Detected,
    line_end: LineEnd,
    terminated: bool,
    /// Lines that are one record together, in order; nearly always none are.
    joined: Vec<Range<usize>>,
}

impl<'a> Lines<'a> {
    /// Cuts a file into lines.
    pub fn new(bytes: &'a [u8], detected: Detected) -> Lines<'a> {
        let body = &bytes[detected.bom..];
        let mut starts = vec![detected.bom as u64];
        let line_end = line_end(body, detected.encoding);
        let ends = line_ends(body, detected.encoding, line_end);
        starts.extend(ends.map(|end| (detected.bom + end) as u64));
        // 0x1A alone after the last line end is the end-of-file mark of DOS, not a cut-off line.
        let last = starts.last().map_or(0, |s| *s as usize);
        let rest = &bytes[last..];
        let terminated = rest.is_empty()
            || (starts.len() > 1 && without_dos_marks(rest, detected.encoding).is_empty());
        if !rest.is_empty() {
            starts.push(bytes.len() as u64);
        }
        Lines { bytes, starts, detected, line_end, terminated, joined: Vec::new() }
    }

    /// Takes each of these ranges, which are in order, for one record: its first line is the whole of it from now on.
    pub fn join(&mut self, joined: Vec<Range<usize>>) {
        self.joined = joined;
    }

    /// Whether a line is a further one of a record that began above it.
    pub fn continues(&self, line: usize) -> bool {
        self.joined_to(line).is_some_and(|joined| joined.start < line)
    }

    /// The joined lines that a line is one of.
    fn joined_to(&self, line: usize) -> Option<&Range<usize>> {
        if self.joined.is_empty() {
            return None;
        }
        let next = self.joined.partition_point(|joined| joined.end <= line);
        self.joined.get(next).filter(|joined| joined.contains(&line))
    }

    /// The runs of lines in the other usual encoding around lines that are at fault (0-based, in order). One line alone
    /// reads in it by chance, as a cut character does; a run does not.
    pub fn other_encodings(&self, at_fault: &[usize]) -> Vec<OtherEncoding> {
        let (encoding, len) = (self.detected.encoding, self.len());
        RawLines { encoding, len, raw: |line| self.raw(line) }.other_encodings(at_fault)
    }

    /// Number of physical lines.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether the file has no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the last line ends with a line end (or there is none).
    pub fn terminated(&self) -> bool {
        self.terminated
    }

    /// What ends the lines.
    pub fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// Whether lines end in CR alone.
    pub fn ends_in_cr(&self) -> bool {
        self.line_end == LineEnd::Cr
    }

    /// The whole file as delivered.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The encoding.
    pub fn detected(&self) -> Detected {
        self.detected
    }

    /// The bytes of a line (0-based) without LF, CR before it, and DOS end-of-file marks at the very end; those of the
    /// whole record on the first of joined lines.
    pub fn raw(&self, line: usize) -> &'a [u8] {
        let joined = self.joined_to(line).filter(|joined| joined.start == line);
        let next = joined.map_or(line + 1, |joined| joined.end);
        let mut raw = &self.bytes[self.starts[line] as usize..self.starts[next] as usize];
        if next == self.len() {
            raw = without_dos_marks(raw, self.detected.encoding);
        }
        let mut strip = |mark: u8| match self.detected.encoding {
            Encoding::Utf8 | Encoding::Gb18030 => raw = raw.strip_suffix(&[mark]).unwrap_or(raw),
            Encoding::Utf16Le => raw = raw.strip_suffix(&[mark, 0]).unwrap_or(raw),
            Encoding::Utf16Be => raw = raw.strip_suffix(&[0, mark]).unwrap_or(raw),
        };
        strip(b'\n');
        strip(b'\r');
        raw
    }

    /// Where the bytes of a line (0-based) are in the file, as [`Lines::raw`] has them.
    pub fn range(&self, line: usize) -> Range<u64> {
        let start = self.starts[line];
        start..start + self.raw_len(line) as u64
    }

    /// A line (0-based) as text, with the spans that did not decode.
    pub fn decode(&self, line: usize) -> Text<'a> {
        decode(self.raw(line), self.detected.encoding, self.starts[line])
    }

    /// Decodes a run of whole lines at once into `buffer` and returns their text, line ends included;
    /// `None` if anything in it does not decode or some of it is joined, so that the caller takes the lines one by one.
    pub fn decode_run<'b>(&self, run: Range<usize>, buffer: &'b mut String) -> Option<&'b str>
    where
        'a: 'b,
    {
        let is_joined = |line: usize| self.joined_to(line).is_some();
        if !self.joined.is_empty() && run.clone().any(is_joined) {
            return None;
        }
        let raw: &'a [u8] =
            &self.bytes[self.starts[run.start] as usize..self.starts[run.end] as usize];
        if self.detected.encoding == Encoding::Utf8 {
            return std::str::from_utf8(raw).ok();
        }
        let mut decoder = decoder_of(self.detected.encoding).new_decoder_without_bom_handling();
        buffer.clear();
        buffer.reserve(decoder.max_utf8_buffer_length_without_replacement(raw.len())?);
        match decoder.decode_to_string_without_replacement(raw, buffer, true) {
            (DecoderResult::InputEmpty, _) => Some(buffer),
            _ => None,
        }
    }

    /// Cuts a range of lines into runs of about `bytes` raw bytes, at least one line each.
    pub fn runs(&self, lines: Range<usize>, bytes: u64) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut next = lines.start;
        std::iter::from_fn(move || {
            if next >= lines.end {
                return None;
            }
            let first = next;
            let limit = self.starts[first] + bytes;
            let cut = self.starts[first + 1..=lines.end].partition_point(|s| *s <= limit);
            next = first + cut.max(1);
            Some(first..next)
        })
    }

    /// Raw size of a range of lines in bytes, line ends included.
    pub fn raw_size(&self, lines: Range<usize>) -> u64 {
        self.starts[lines.end] - self.starts[lines.start]
    }

    /// Raw length of a line in bytes, line end left out.
    pub fn raw_len(&self, line: usize) -> usize {
        self.raw(line).len()
    }
}

/// The bytes without the end-of-file marks of DOS (0x1A) at their end; some programs fill a block with them.
fn without_dos_marks(mut raw: &[u8], encoding: Encoding) -> &[u8] {
    let mark: &[u8] = match encoding {
        Encoding::Utf8 | Encoding::Gb18030 => &[0x1A],
        Encoding::Utf16Le => &[0x1A, 0],
        Encoding::Utf16Be => &[0, 0x1A],
    };
    while let Some(rest) = raw.strip_suffix(mark) {
        raw = rest;
    }
    raw
}

#[cfg(test)]
mod tests {
    use encoding_rs::GB18030;

    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        let lines = Lines::new(bytes, detect(bytes, None).unwrap());
        (0..lines.len()).map(|l| lines.decode(l).text.into_owned()).collect()
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })
            .collect()
    }

    #[test]
    fn every_encoding_gives_the_same_lines() {
        let text = "id|名称\n1|東京𠮷\r\n2|上海\n";
        let expected = ["id|名称", "1|東京𠮷", "2|上海"];
        let marked = [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat();
        let cases: [(&str, Vec<u8>); 5] = [
            ("utf-8", text.as_bytes().to_vec()),
            ("utf-8-bom", marked),
            ("gb18030", GB18030.encode(text).0.into_owned()),
            ("utf-16le", utf16(text, false)),
            ("utf-16be", utf16(text, true)),
        ];
        for (name, bytes) in cases {
            assert_eq!(detect(&bytes, None).unwrap().name(), name);
            assert_eq!(texts(&bytes), expected, "{name}");
            let lines = Lines::new(&bytes, detect(&bytes, None).unwrap());
            let mut buffer = String::new();
            assert_eq!(lines.decode_run(0..3, &mut buffer), Some(text), "{name}");
        }
    }

    #[test]
    fn an_undecodable_byte_in_gb18030_spoils_one_line_only() {
        let mut bytes =
            GB18030.encode("1|张伟|北京市\n2|王芳|上海市\n3|李娜|广州市\n").0.into_owned();
        let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        bytes[second + 2] = 0xFF;
        let lines = Lines::new(&bytes, detect(&bytes, None).unwrap());
        assert_eq!(lines.detected().encoding, Encoding::Gb18030);
        let bad: Vec<usize> = (0..3).map(|l| lines.decode(l).bad.len()).collect();
        assert_eq!((bad[0], bad[2]), (0, 0));
        assert_eq!(lines.decode(1).bad[0].offset, second as u64 + 2);
    }

    #[test]
    fn an_unterminated_last_line_is_detected() {
        let end = |bytes: &'static [u8]| {
            let lines = Lines::new(bytes, Detected { encoding: Encoding::Utf8, bom: 0 });
            let last = lines.len().checked_sub(1).map(|l| lines.raw(l));
            (lines.len(), lines.terminated(), last)
        };
        assert_eq!(end(b""), (0, true, None));
        assert_eq!(end(b"a\nb\n"), (2, true, Some(b"b".as_slice())));
        assert_eq!(end(b"a\nb"), (2, false, Some(b"b".as_slice())));
        assert_eq!(end(b"a\r\nb\r\n\x1a"), (3, true, Some(b"".as_slice())));
        assert_eq!(end(b"a\nb\x1a"), (2, false, Some(b"b".as_slice())));
        assert_eq!(end(b"a\n\n"), (2, true, Some(b"".as_slice())));
        assert_eq!(end(b"a\rb\r"), (2, true, Some(b"b".as_slice())));
        assert_eq!(end(b"a\rb"), (2, false, Some(b"b".as_slice())));
        assert_eq!(end(b"a\r\n"), (1, true, Some(b"a".as_slice())));
        assert_eq!(end(b"a\rb\nc\n"), (2, true, Some(b"c".as_slice())));
    }

    #[test]
    fn the_first_of_joined_lines_is_the_whole_record() {
        let mut lines =
            Lines::new(b"a\r\nb\r\nc\r\nd", Detected { encoding: Encoding::Utf8, bom: 0 });
        lines.join(Vec::from([Range { start: 1, end: 3 }]));
        assert_eq!((lines.raw(0), lines.raw(1)), (b"a".as_slice(), b"b\r\nc".as_slice()));
        assert_eq!(lines.decode(1).text, "b\r\nc");
        let further: Vec<usize> = (0..4).filter(|line| lines.continues(*line)).collect();
        assert_eq!(further, [2]);
        let mut buffer = String::new();
        assert_eq!(lines.decode_run(2..4, &mut buffer), None);
        assert_eq!(lines.decode_run(3..4, &mut buffer), Some("d"));
    }

    #[test]
    fn runs_of_lines_cover_every_line_once() {
        let text = "abc\n".repeat(100);
        let lines = Lines::new(text.as_bytes(), Detected { encoding: Encoding::Utf8, bom: 0 });
        let runs: Vec<_> = lines.runs(10..90, 17).collect();
        assert_eq!(runs.first().unwrap().start, 10);
        assert_eq!(runs.last().unwrap().end, 90);
        assert!(runs.windows(2).all(|w| w[0].end == w[1].start));
        assert!(runs.iter().all(|r| r.len() == 4));
    }
}
