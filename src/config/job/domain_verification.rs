//! `[[domain_verification]]`: files by which WeCom verifies a domain.

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{DomainVerification, is_id};

/// The keys of `[[domain_verification]]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "domain_verification",
        "file",
        ValueType::String,
        "形如 \"WW_verify_XXXX.txt\" 的文件名",
        "a file name such as \"WW_verify_XXXX.txt\"",
    )
    .required(),
    key(
        "domain_verification",
        "content",
        ValueType::String,
        "1 到 1024 字节的文本",
        "a text of 1 to 1024 bytes",
    ),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 域名校验文件 / Files by which WeCom verifies a domain
[[domain_verification]]
file = "WW_verify_Ab3dEf6hIj9lMn0p.txt"
content = "Ab3dEf6hIj9lMn0p"
"##;

/// `[[domain_verification]]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) file: Option<Text>,
    pub(super) content: Option<Text>,
}

impl Resolver<'_> {
    /// A file; `before` are those above it in the job file.
    pub(super) fn domain_verification(
        &self,
        written: Spanned<Written>,
        before: &[DomainVerification],
    ) -> Result<DomainVerification, ConfigError> {
        const SECTION: &str = "domain_verification";
        let table = written.span();
        let written = written.into_inner();
        let file = self.document.required(SECTION, "file", written.file, Some(&table))?;
        let span = file.span();
        let (file, derived) = self.document.checked(SECTION, "file", file, |name| {
            let code = name.strip_prefix("WW_verify_")?.strip_suffix(".txt")?;
            (is_id(code) && !code.is_empty()).then(|| (name.to_owned(), code.to_owned()))
        })?;
        if before.iter().any(|other| other.file == file) {
            let why = Message::fixed("同名文件已写过一次", "this file is given twice");
            return Err(self.document.error_at(SECTION, "file", span, Problem::Unfit(why)));
        }
        let content = match written.content {
            None => derived,
            Some(content) => self.document.checked(SECTION, "content", content, |text| {
                let fits = (1..=1_024).contains(&text.len());
                fits.then(|| text.to_owned())
            })?,
        };
        Ok(DomainVerification { file, content })
    }
}
