//! `[format] tops`: what stands in the parent's place of a top.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;

/// The markers of one forest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopWords {
    /// Parents that mean: a top.
    pub texts: Vec<String>,
    /// Whether a record that names itself is a top.
    pub own_key: bool,
    /// Line in the job file, 1-based.
    pub line: usize,
}

/// The word for the record's own key.
const OWN_KEY: &str = "self";

/// What holds for every forest's markers.
pub(super) static ANY_FOREST: Key = key(
    "format.tops",
    "*",
    ValueType::List(&ValueType::String),
    "表示“没有上级”的写法，如 [\"0\", \"self\"]；self 是记录自己的编码",
    "parents that mean a top, such as [\"0\", \"self\"]; self is the record's own key",
);

/// The table as written.
pub(super) type Written = BTreeMap<Spanned<String>, Spanned<Vec<String>>>;

impl Resolver<'_> {
    pub(super) fn tops(&self, written: Written) -> Result<BTreeMap<String, TopWords>, ConfigError> {
        let mut tops = BTreeMap::new();
        for (forest, markers) in written {
            let line = self.document.position(forest.span().start).0;
            let span = markers.span();
            let texts = trimmed(markers.into_inner()).ok_or_else(|| {
                self.document.invalid_value("format.tops", forest.get_ref(), span)
            })?;
            let (own, texts): (Vec<String>, Vec<String>) =
                texts.into_iter().partition(|text| text == OWN_KEY);
            let words = TopWords { texts, own_key: !own.is_empty(), line };
            tops.insert(forest.into_inner(), words);
        }
        Ok(tops)
    }
}

/// Texts as cells are compared with them: trimmed. `None` if one is empty, which needs no saying.
pub(super) fn trimmed(texts: Vec<String>) -> Option<Vec<String>> {
    let trim = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    texts.into_iter().map(trim).collect()
}
