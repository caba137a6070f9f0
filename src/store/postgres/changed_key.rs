//! A key of which something changes.

use crate::store::stored_key::Content;
use crate::timeline::Timeline;

/// A key of which something changes.
pub(super) struct ChangedKey {
    pub(super) key: String,
    /// What is stored of it.
    pub(super) old: Timeline<Content>,
    /// What is to be.
    pub(super) new: Timeline<Content>,
}
