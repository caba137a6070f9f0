//! `[wecom]`: the table that holds the sections about WeCom's services.

use serde::Deserialize;
use toml::Spanned;

use super::key::{Key, key};
use super::value_type::ValueType;
use super::wecom_archive;

/// The keys of `[wecom]`.
pub(super) static KEYS: &[Key] = &[key(
    "wecom",
    "archive",
    ValueType::Table,
    "一个 [wecom.archive] 表",
    "a [wecom.archive] table",
)];

/// `[wecom]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) archive: Option<Spanned<wecom_archive::Written>>,
}
