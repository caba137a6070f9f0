//! `[rules]`: the levels of rules.

use std::collections::BTreeMap;

use crate::model::Level;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// A level set for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetting {
    /// The level.
    pub level: Level,
    /// Line in the job file, 1-based.
    pub line: usize,
}

/// What holds for every rule's name.
pub(super) static ANY_RULE: Key = key(
    "rules",
    "*",
    ValueType::Enumeration(&["off", "info", "warning", "error", "fatal"]),
    "\"off\"、\"info\"、\"warning\"、\"error\" 或 \"fatal\"",
    "\"off\", \"info\", \"warning\", \"error\" or \"fatal\"",
);

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 规则的级别："off"、"info"、"warning"、"error"、"fatal"；规则名见 orgsnap rules。
# Levels of rules; their names are listed by orgsnap rules.
[rules]
level-gap = "warning"
surrounding-whitespace = "info"

"##;

impl Resolver<'_> {
    pub(super) fn rules(
        &self,
        written: BTreeMap<String, Text>,
    ) -> Result<BTreeMap<String, RuleSetting>, ConfigError> {
        written
            .into_iter()
            .map(|(name, level)| {
                let line = self.document.position(level.span().start).0;
                let level = self.document.checked("rules", &name, level, Level::from_name)?;
                Ok((name, RuleSetting { level, line }))
            })
            .collect()
    }
}
