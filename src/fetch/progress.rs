//! Who is informed how a fetch comes along.

use crate::model::Feed;

/// Told how a fetch comes along, from any thread.
pub trait Progress: Sync {
    /// A file is begun, or begun anew after a fault; `total` bytes, where known.
    fn file(&self, feed: Feed, total: Option<u64>);
    /// So many more bytes of it have come.
    fn bytes(&self, feed: Feed, n: u64);
}

/// Progress that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn file(&self, _feed: Feed, _total: Option<u64>) {}
    fn bytes(&self, _feed: Feed, _n: u64) {}
}
