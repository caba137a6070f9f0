//! Runs of lines in another encoding than their file.

use std::ops::Range;

use encoding_rs::GB18030;

use crate::config::job::Encoding;

/// Lines that read in the other usual encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEncoding {
    /// The lines, 0-based, from the first to the last that tells.
    pub lines: Range<usize>,
    /// The name of that encoding.
    pub encoding: &'static str,
}

/// The lines of a file as bytes.
pub(super) struct RawLines<R> {
    pub(super) encoding: Encoding,
    pub(super) len: usize,
    pub(super) raw: R,
}

impl<'a, R: Fn(usize) -> &'a [u8]> RawLines<R> {
    /// The runs of lines in the other usual encoding around lines that are at fault (in order).
    pub(super) fn other_encodings(&self, at_fault: &[usize]) -> Vec<OtherEncoding> {
        let encoding = match self.encoding {
            Encoding::Gb18030 => "UTF-8",
            Encoding::Utf8 => "GB18030",
            Encoding::Utf16Le | Encoding::Utf16Be => return Vec::new(),
        };
        let mut runs = Vec::new();
        // Where the last run ends that was looked at: what lies before belongs to no other.
        let mut looked = 0;
        for (at, line) in at_fault.iter().copied().enumerate() {
            if line < looked || !self.tells_other(line) {
                continue;
            }
            let tells = |line: &usize| !(self.raw)(*line).is_ascii();
            let fits = |line: &usize| !tells(line) || self.is_other(*line);
            let before = (looked..line).rev().take_while(fits);
            let first = before.filter(tells).last().unwrap_or(line);
            looked = (line..self.len).find(|line| !fits(line)).unwrap_or(self.len);
            let last = (line..looked).rev().find(tells).unwrap_or(line);
            let of_run = at_fault[at..].iter().take_while(|line| **line < looked);
            let of_run = of_run.filter(|line| self.tells_other(**line));
            if of_run.count() > 1 {
                runs.push(OtherEncoding { lines: first..last + 1, encoding });
            }
        }
        runs
    }

    /// Whether a line is in the other encoding beyond doubt: a line of GB18030 that is UTF-8 by chance has none of the
    /// characters for which UTF-8 takes three bytes.
    fn tells_other(&self, line: usize) -> bool {
        let long = |text: &str| text.chars().any(|char| char >= '\u{2e80}');
        let is_long = || std::str::from_utf8((self.raw)(line)).is_ok_and(long);
        self.is_other(line) && (self.encoding == Encoding::Utf8 || is_long())
    }

    /// Whether a line may by its bytes be in the other encoding. Text in UTF-8 may read as GB18030 by chance;
    /// the other way round it does not.
    fn is_other(&self, line: usize) -> bool {
        let raw = (self.raw)(line);
        let is_utf8 = std::str::from_utf8(raw).is_ok();
        let gb18030 = || GB18030.decode_without_bom_handling_and_without_replacement(raw);
        match self.encoding {
            _ if raw.is_ascii() => false,
            Encoding::Utf8 => !is_utf8 && gb18030().is_some(),
            _ => is_utf8,
        }
    }
}
