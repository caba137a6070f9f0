//! Values of a job file as they are written.
//!
//! All keys are optional in the sections, and quantities are text; the resolvers find what is missing or malformed.
//! There is no `flatten` and no `untagged`: both would lose the position of an error.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use toml::Spanned;

/// A text with its span.
pub(super) type Text = Spanned<String>;

/// Reads a text into one variant and a table into the other.
pub(super) struct TextOrTable<T, U> {
    pub(super) text: fn(String) -> T,
    pub(super) table: fn(U) -> T,
}

impl<'de, T, U: Deserialize<'de>> Visitor<'de> for TextOrTable<T, U> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a table")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok((self.text)(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        U::deserialize(MapAccessDeserializer::new(map)).map(self.table)
    }
}
