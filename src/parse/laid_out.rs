//! A file of which is known how it is laid out.

use crate::decode::Lines;

use super::frame::Frame;
use super::quote_survey::AmbiguousQuotes;
use super::sniff::Layout;

/// A file of which is known how it is laid out.
pub(super) struct LaidOut<'a, 's> {
    pub(super) lines: Lines<'a>,
    pub(super) layout: Layout,
    pub(super) frame: Frame<'s>,
    pub(super) ambiguous_quotes: Option<AmbiguousQuotes>,
}
