//! `[gate]`: the limits above which nothing is published.

use serde::Deserialize;

use super::error::ConfigError;
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// Limits of the gate, as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateLimits {
    /// Quarantined share of a feed.
    pub max_quarantined: f64,
    /// Detached share of a forest's edges.
    pub max_detached: f64,
    /// Share of rows gone since the last snapshot, once more than 50 rows.
    pub max_vanished: f64,
    /// Share of agents gone within a level-2 organ, once more than 50 agents.
    pub max_vanished_in_organ: f64,
}

impl Default for GateLimits {
    fn default() -> Self {
        GateLimits {
            max_quarantined: 0.01,
            max_detached: 0.01,
            max_vanished: 0.05,
            max_vanished_in_organ: 0.30,
        }
    }
}

const SHARE_ZH: &str = "大于 0%、不超过 100% 的比例，如 \"5%\"";
const SHARE_EN: &str = "a share above 0% and up to 100%, such as \"5%\"";

/// The keys of `[gate]`.
pub(super) static KEYS: &[Key] = &[
    key("gate", "max_quarantined", ValueType::Share, SHARE_ZH, SHARE_EN).default(r#""1%""#),
    key("gate", "max_detached", ValueType::Share, SHARE_ZH, SHARE_EN).default(r#""1%""#),
    key("gate", "max_vanished", ValueType::Share, SHARE_ZH, SHARE_EN).default(r#""5%""#),
    key("gate", "max_vanished_in_organ", ValueType::Share, SHARE_ZH, SHARE_EN).default(r#""30%""#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 发布的上限：超过任一上限即不发布，当前快照保持不变。以下是默认值。
# Limits: above any of them nothing is published and the snapshot stays as it was. These are the defaults.
[gate]
# 每个文件中被隔离的行 / Quarantined lines of a file
max_quarantined = "1%"
# 每棵树中断开的上级关系 / Detached edges of a forest
max_detached = "1%"
# 较上一快照减少的行（超过 50 行才计） / Rows gone since the last snapshot (once more than 50)
max_vanished = "5%"
# 每个二级机构中减少的代理人（超过 50 人才计） / Agents gone within a level-2 organ (once more than 50)
max_vanished_in_organ = "30%"

"##;

/// `[gate]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) max_quarantined: Option<Text>,
    pub(super) max_detached: Option<Text>,
    pub(super) max_vanished: Option<Text>,
    pub(super) max_vanished_in_organ: Option<Text>,
}

impl Resolver<'_> {
    pub(super) fn gate(&self, written: Written) -> Result<GateLimits, ConfigError> {
        let share = |key, written: Option<Text>, default| match written {
            None => Ok(default),
            Some(text) => self.document.checked("gate", key, text, quantity::share),
        };
        let default = GateLimits::default();
        Ok(GateLimits {
            max_quarantined: share(
                "max_quarantined",
                written.max_quarantined,
                default.max_quarantined,
            )?,
            max_detached: share("max_detached", written.max_detached, default.max_detached)?,
            max_vanished: share("max_vanished", written.max_vanished, default.max_vanished)?,
            max_vanished_in_organ: share(
                "max_vanished_in_organ",
                written.max_vanished_in_organ,
                default.max_vanished_in_organ,
            )?,
        })
    }
}
