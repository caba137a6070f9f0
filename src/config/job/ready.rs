//! `[source] ready`: when a delivery counts as complete.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::ConfigError;
use super::file_names::file_name;
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::source::Ready;
use super::value_type::ValueType;
use super::values::{Text, TextOrTable};

/// The keys of `ready = { ... }`.
pub(super) static KEYS: &[Key] = &[
    key(
        "source.ready",
        "stable",
        ValueType::Duration,
        "时长，如 \"30s\"",
        "a duration such as \"30s\"",
    ),
    key(
        "source.ready",
        "marker",
        ValueType::String,
        "一个文件名，可含 {date:%Y%m%d}",
        "a file name, which may hold {date:%Y%m%d}",
    ),
    key(
        "source.ready",
        "polls",
        ValueType::Integer { min: 2, max: 100 },
        "2 到 100 的整数",
        "a whole number from 2 to 100",
    )
    .default("2"),
    key(
        "source.ready",
        "min_size",
        ValueType::Size,
        "大小，如 \"1KiB\"",
        "a size such as \"1KiB\"",
    )
    .default(r#""1B""#),
];

/// `"now"` (or another word), or a table.
#[derive(Debug)]
pub(super) enum Written {
    Word(String),
    Table(Table),
}

/// `ready = { ... }` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) stable: Option<Text>,
    pub(super) marker: Option<Text>,
    pub(super) polls: Option<Spanned<u32>>,
    pub(super) min_size: Option<Text>,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable { text: Written::Word, table: Written::Table })
    }
}

impl Ready {
    /// The default for servers. A server does not say whether a file is still being uploaded, so files count as
    /// complete once size and time are stable.
    pub(super) fn default_for_servers() -> Ready {
        Ready::Stable { wait: Duration::from_secs(30), polls: 2, min_size: 1 }
    }
}

impl Resolver<'_> {
    pub(super) fn ready(&self, written: &Spanned<Written>) -> Result<Ready, ConfigError> {
        let bad = || Err(self.document.invalid_value("source", "ready", written.span()));
        let table = match written.get_ref() {
            Written::Word(word) if word == "now" => return Ok(Ready::Now),
            Written::Word(_) => return bad(),
            Written::Table(table) => table,
        };
        match (&table.stable, &table.marker) {
            (Some(wait), None) => {
                let section = "source.ready";
                let wait =
                    self.document.checked(section, "stable", wait.clone(), quantity::duration)?;
                let polls = match &table.polls {
                    None => 2,
                    Some(polls) => self.document.integer(section, "polls", polls)?,
                };
                let min_size = match &table.min_size {
                    None => 1,
                    Some(size) => {
                        self.document.checked(section, "min_size", size.clone(), quantity::size)?
                    }
                };
                Ok(Ready::Stable { wait, polls, min_size })
            }
            (None, Some(marker)) if table.polls.is_none() && table.min_size.is_none() => self
                .document
                .checked("source.ready", "marker", marker.clone(), file_name)
                .map(Ready::Marker),
            _ => bad(),
        }
    }
}
