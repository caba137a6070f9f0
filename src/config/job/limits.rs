//! `[limits]`: the size of files.

use serde::Deserialize;

use super::error::ConfigError;
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// The largest file that is read unless the job says otherwise: 4 GiB.
pub(super) const MAX_FILE_SIZE: u64 = 4 << 30;

/// The keys of `[limits]`.
pub(super) static KEYS: &[Key] = &[key(
    "limits",
    "max_file_size",
    ValueType::Size,
    "大小，如 \"4GiB\"",
    "a size such as \"4GiB\"",
)
.default(r#""4GiB""#)];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"[limits]
# 超过此大小的文件不读取（F111） / A larger file is not read (F111)
max_file_size = "4GiB"

"##;

/// `[limits]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) max_file_size: Option<Text>,
}

impl Resolver<'_> {
    /// The largest file that is read, in bytes.
    pub(super) fn max_file_size(&self, written: Written) -> Result<u64, ConfigError> {
        match written.max_file_size {
            None => Ok(MAX_FILE_SIZE),
            Some(size) => self.document.checked("limits", "max_file_size", size, quantity::size),
        }
    }
}
