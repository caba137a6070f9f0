//! `[archive]`: how long archived deliveries are kept.

use std::time::Duration;

use serde::Deserialize;

use super::error::ConfigError;
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// How long archived deliveries are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// Deliveries of dates that are so much older than the newest one are removed; none are by default.
    pub keep: Option<Duration>,
    /// The last delivery of each month is kept all the same.
    pub month_ends: bool,
}

impl Default for ArchiveSettings {
    fn default() -> ArchiveSettings {
        ArchiveSettings { keep: None, month_ends: true }
    }
}

/// The keys of `[archive]`.
pub(super) static KEYS: &[Key] = &[
    key("archive", "keep", ValueType::Duration, "时长，如 \"400d\"", "a duration such as \"400d\""),
    key("archive", "month_ends", ValueType::Boolean, "true 或 false", "true or false")
        .default("true"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 归档的保留时间；默认全部保留。删除后，这些日期不能再由归档重放（orgsnap replay 会列出），org.db 中的历史不受影响。
# How long archived deliveries are kept: all of them by default. Dates whose files are removed cannot be made anew from the archive
# (orgsnap replay names them); the history in org.db stays.
[archive]
# 业务日期比最新快照早这么久的批次，在发布后删除；最新快照和上一快照的批次、可放行的未发布批次始终保留
# Deliveries of dates that are so much older than the newest snapshot are removed after a publication; never those of the newest
# snapshot and the one before, and refused ones that can still be approved
keep = "400d"
# 每月最后一个已发布的批次始终保留 / The last published delivery of each month is always kept
month_ends = true

"##;

/// `[archive]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) keep: Option<Text>,
    pub(super) month_ends: Option<bool>,
}

impl Resolver<'_> {
    /// How long archived deliveries are kept.
    pub(super) fn archive(&self, written: Written) -> Result<ArchiveSettings, ConfigError> {
        let default = ArchiveSettings::default();
        Ok(ArchiveSettings {
            keep: match written.keep {
                None => default.keep,
                Some(keep) => {
                    Some(self.document.checked("archive", "keep", keep, quantity::duration)?)
                }
            },
            month_ends: written.month_ends.unwrap_or(default.month_ends),
        })
    }
}
