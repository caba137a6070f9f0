//! SHA-256 as lowercase hex.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A hash under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// Takes more bytes in.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes, 64 lowercase hex digits.
    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The hash of these bytes, 64 lowercase hex digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
