//! The files of a sample delivery.

use crate::model::Feed;
use crate::parse::Parsed;

/// A file of a sample delivery.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A file of a sample, cut into records whose cells are all text.
pub(super) struct TextFile<'a> {
    pub(super) feed: Feed,
    pub(super) name: &'a str,
    pub(super) parsed: Parsed<'a>,
}
