//! Accepted rows beside the rows of the snapshot before.

use crate::model::{Feed, Message, StoredRows};
use crate::rules::accepted_rows::AcceptedRows;
use crate::rules::{SnapshotContext, Unreadable};

/// The status of agents who are at work, and how the snapshot shows that of those who have left.
pub(super) const ACTIVE: i64 = 1;
pub(super) const LEFT: &str = "2";

/// The rows of one feed whose content differs from that of the snapshot before.
pub(super) struct Changed<'d, 'a> {
    pub(super) rows: AcceptedRows<'d, 'a>,
    pub(super) previous: &'d StoredRows,
    /// Accepted rows with the position of the former row, in line order.
    pub(super) pairs: Vec<(u32, usize)>,
}

/// The accepted rows of a feed, and the rows of the snapshot before that the delivery does not bring again as they were;
/// `Err` if the file could not be read.
pub(super) fn both<'d, 'a>(
    context: &SnapshotContext<'d, 'a>,
    feed: Feed,
) -> Result<(AcceptedRows<'d, 'a>, &'d StoredRows), Unreadable> {
    let rows = context.rows.rows(feed)?;
    Ok((rows, context.previous.rows[feed].as_ref().ok_or(Unreadable(feed))?))
}

/// The rows of a feed that are on both sides.
pub(super) fn changed<'d, 'a>(
    context: &SnapshotContext<'d, 'a>,
    feed: Feed,
) -> Result<Changed<'d, 'a>, Unreadable> {
    let (rows, previous) = both(context, feed)?;
    let pair = |before: usize| Some((rows.find(previous.key(before))?, before));
    let mut pairs: Vec<(u32, usize)> = (0..previous.len()).filter_map(pair).collect();
    pairs.sort_unstable();
    Ok(Changed { rows, previous, pairs })
}

/// A key that may be none, for a message.
pub(super) fn shown(key: Option<&str>) -> Message {
    match key {
        Some(key) => Message::new(key, key),
        None => Message::fixed("（空）", "none"),
    }
}
