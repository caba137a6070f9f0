//! The longest line that is read.

/// Lines longer than this are quarantined (R203), in raw bytes.
pub const MAX_LINE: usize = 64 * 1024;
