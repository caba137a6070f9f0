//! Fields that an answer never leaves empty: an empty token would be sent with every call.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// What the error of an empty field says.
pub(super) const EMPTY: &str = "the text is empty";

/// A text that is not empty.
pub(super) fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.is_empty() {
        true => Err(D::Error::custom(EMPTY)),
        false => Ok(text),
    }
}
