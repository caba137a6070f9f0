//! The content security policy of the page: its own style sheet and script, by their hashes, and nothing else.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style sheet.
pub(super) const STYLE: &str = include_str!("page/page.css");

/// The script.
pub(super) const SCRIPT: &str = include_str!("page/page.js");

/// The policy. No image, font, frame, form or connection is allowed; the empty icon keeps browsers from asking for one.
pub(super) fn policy() -> String {
    let mut policy =
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:".to_owned();
    for (kind, text) in [("style-src", STYLE), ("script-src", SCRIPT)] {
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        // Writing to a String cannot fail.
        let _ = write!(policy, "; {kind} 'sha256-{hash}'");
    }
    policy
}
