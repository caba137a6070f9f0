//! `[source] files`: the names of the files at the source.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Feed, Message};

use super::dated_path::DatedPath;
use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::source::FileNames;
use super::value_type::ValueType;
use super::values::Text;

const FILE_ZH: &str = "一个文件名，可含 {date:%Y%m%d}";
const FILE_EN: &str = "a file name, which may hold {date:%Y%m%d}";

/// The keys of `files = { ... }`.
pub(super) static KEYS: &[Key] = &[
    key("source.files", "agent", ValueType::String, FILE_ZH, FILE_EN),
    key("source.files", "node", ValueType::String, FILE_ZH, FILE_EN),
    key("source.files", "organ", ValueType::String, FILE_ZH, FILE_EN),
    key("source.files", "principal", ValueType::String, FILE_ZH, FILE_EN),
];

impl Resolver<'_> {
    /// The names of the files.
    pub(super) fn files(
        &self,
        written: &Spanned<BTreeMap<String, Text>>,
    ) -> Result<FileNames, ConfigError> {
        let mut files = FileNames::default();
        for (key, name) in written.get_ref() {
            let Some(feed) = Feed::from_name(key) else {
                let problem = Problem::UnknownKey {
                    suggestion: self.document.keys.suggestion("source.files", key),
                    known: self.document.keys.known("source.files"),
                };
                return Err(self.document.error_at("source.files", key, name.span(), problem));
            };
            let dated = self.document.checked("source.files", key, name.clone(), file_name)?;
            if files.names.iter().flatten().any(|other| *other == dated) {
                let why = Message::fixed(
                    "与另一个文件同名；每个文件须有自己的名称",
                    "is the name of another file too; each needs its own",
                );
                return Err(self.document.error_at(
                    "source.files",
                    key,
                    name.span(),
                    Problem::Unfit(why),
                ));
            }
            files.names[feed] = Some(dated);
        }
        Ok(files)
    }
}

/// A bare file name, which may hold `{date:%Y%m%d}`.
pub(super) fn file_name(text: &str) -> Option<DatedPath> {
    let fits = !text.is_empty()
        && !text.contains(|c: char| c == '/' || c == '\\' || c.is_control())
        && text != "."
        && text != "..";
    DatedPath::parse(text).filter(|_| fits)
}
