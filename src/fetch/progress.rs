//! Who is informed how a fetch comes along.

use crate::model::Feed;

/// Receives the progress of a fetch, from any thread.
pub trait Progress: Sync {
    /// A file is begun, or begun anew after a fault; `total` bytes, where known.
    fn file(&self, feed: Feed, total: Option<u64>);
    /// `n` more bytes of it have been received.
    fn bytes(&self, feed: Feed, n: u64);
}

/// Progress that is ignored.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn file(&self, _feed: Feed, _total: Option<u64>) {}
    fn bytes(&self, _feed: Feed, _n: u64) {}
}
