//! The lines of a file that are no records because the job or the schema says so: those above, comments, the trailer.

use crate::config::dialect::Dialect;
use crate::decode::Lines;

use super::cast::is_blank;

/// Which lines of a file are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The first line that is looked at, 0-based.
    pub(super) first: usize,
    comment: Option<&'a str>,
    /// The declared trailer, if it is looked for.
    pub(super) trailer: Option<TrailerLine>,
}

/// What became of the declared control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrailerLine {
    /// The last line that is not blank, 0-based.
    pub last: usize,
    /// Whether it is the control record.
    pub found: bool,
    /// The number of records that it states, where the declared form has one.
    pub stated: Option<u64>,
}

impl<'a> Frame<'a> {
    pub(super) fn of(lines: &Lines<'_>, dialect: &'a Dialect) -> Frame<'a> {
        let first = dialect.skip_lines.min(lines.len());
        let comment = dialect.comment.as_deref();
        let mut frame = Frame { first, comment, trailer: None };
        frame.trailer = dialect.trailer.as_ref().and_then(|form| {
            let is_last = |line: &usize| {
                let text = lines.decode(*line).text;
                !is_blank(&text) && !frame.is_comment(&text)
            };
            let last = (first..lines.len()).rev().find(is_last)?;
            let read = form.read(&lines.decode(last).text);
            Some(TrailerLine { last, found: read.is_some(), stated: read.flatten() })
        });
        frame
    }

    /// Whether the text of a line is a comment.
    pub(super) fn is_comment(&self, text: &str) -> bool {
        self.uncommented(text).is_some()
    }

    /// What a comment says behind the text that makes it one.
    pub(super) fn uncommented<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.comment?)
    }

    /// Whether a line is the control record.
    pub(super) fn is_trailer(&self, line: usize) -> bool {
        self.trailer.is_some_and(|trailer| trailer.found && trailer.last == line)
    }

    /// Whether a line is neither blank nor declared to be no data.
    pub(super) fn is_data(&self, line: usize, text: &str) -> bool {
        !is_blank(text) && !self.is_comment(text) && !self.is_trailer(line)
    }
}
