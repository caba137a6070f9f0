//! The text and layout of a file whose encoding, delimiter and header are decided: what detection hands to parsing.

use crate::decode::Lines;

use super::frame::Frame;
use super::quote_survey::AmbiguousQuotes;
use super::sniff::Layout;

/// A file whose encoding, delimiter, header and quotes are decided.
pub(super) struct LaidOut<'a, 's> {
    pub(super) lines: Lines<'a>,
    pub(super) layout: Layout,
    pub(super) frame: Frame<'s>,
    pub(super) ambiguous_quotes: Option<AmbiguousQuotes>,
}
