//! `[format]`: the layout of the files, as far as the job pins it.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::fmt;
use toml::Spanned;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// Layout of the files, where the job pins it. `None` means: detect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// `utf-8`, `gb18030` (also `gbk`, `gb2312`), `utf-16le`, `utf-16be`.
    pub encoding: Option<Encoding>,
    /// The delimiter, one or more characters.
    pub delimiter: Option<String>,
    /// Whether the first line is a header.
    pub header: Option<bool>,
    /// Where the job file pins them.
    pub lines: PinnedLines,
}

/// Lines of the job file (from 1) that pin a part of the layout; `None` if it is not pinned there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PinnedLines {
    /// Of `encoding`.
    pub encoding: Option<usize>,
    /// Of `delimiter`.
    pub delimiter: Option<usize>,
    /// Of `header`.
    pub header: Option<usize>,
}

/// An encoding that orgsnap reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without BOM.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl Encoding {
    /// The name in job files and reports: `utf-8`, `gb18030`, `utf-16le`, `utf-16be`.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gb18030 => "gb18030",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
        }
    }

    /// The encoding of a name, in any case. GBK and GB2312 are read as GB18030, which contains them.
    pub fn from_name(name: &str) -> Option<Encoding> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Encoding::Utf8),
            "gb18030" | "gbk" | "gb2312" => Some(Encoding::Gb18030),
            "utf-16le" => Some(Encoding::Utf16Le),
            "utf-16be" => Some(Encoding::Utf16Be),
            _ => None,
        }
    }
}

/// The words for encodings, with their usual synonyms.
const ENCODINGS: &[&str] =
    &["auto", "utf-8", "utf8", "gb18030", "gbk", "gb2312", "utf-16le", "utf-16be"];

/// The keys of `[format]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "format",
        "encoding",
        ValueType::Enumeration(ENCODINGS),
        "\"auto\"、\"utf-8\"、\"gb18030\"、\"gbk\"、\"gb2312\"、\"utf-16le\" 或 \"utf-16be\"",
        "\"auto\", \"utf-8\", \"gb18030\", \"gbk\", \"gb2312\", \"utf-16le\" or \"utf-16be\"",
    )
    .default(r#""auto""#),
    key(
        "format",
        "delimiter",
        ValueType::String,
        "\"auto\"，或一个以上不含换行的字符，如 \"|\"",
        "\"auto\", or one or more characters without a line end, such as \"|\"",
    )
    .default(r#""auto""#),
    key(
        "format",
        "header",
        ValueType::AnyOf(&[ValueType::Boolean, ValueType::Enumeration(&["auto"])]),
        "true、false 或 \"auto\"",
        "true, false or \"auto\"",
    )
    .default(r#""auto""#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 文件格式：默认对每个文件自动识别 / Layout: detected anew in every file, unless it is pinned here
[format]
# "auto"、"utf-8"、"gb18030"（含 gbk、gb2312）、"utf-16le"、"utf-16be"
encoding = "auto"
# "auto"，或一个以上的字符，如 "|"、"|+|"、"\u0001" / "auto", or one or more characters
delimiter = "auto"
# delimiter = "|+|"
# true、false 或 "auto" / true, false or "auto"
header = "auto"
# header = true

"##;

/// `[format]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) encoding: Option<Text>,
    pub(super) delimiter: Option<Text>,
    pub(super) header: Option<Spanned<Header>>,
}

/// `true`, `false`, or a word.
#[derive(Debug)]
pub(super) enum Header {
    Flag(bool),
    Word(String),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagOrText)
    }
}

struct FlagOrText;

impl Visitor<'_> for FlagOrText {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a text")
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Header, E> {
        Ok(Header::Flag(flag))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Header, E> {
        Ok(Header::Word(text.to_owned()))
    }
}

impl Resolver<'_> {
    pub(super) fn format(&self, written: Written) -> Result<Format, ConfigError> {
        let line = |start: usize| self.document.position(start).0;
        let lines = PinnedLines {
            encoding: written.encoding.as_ref().map(|value| line(value.span().start)),
            delimiter: written.delimiter.as_ref().map(|value| line(value.span().start)),
            header: written.header.as_ref().map(|value| line(value.span().start)),
        };
        let encoding = match written.encoding {
            None => None,
            Some(name) => self.document.checked("format", "encoding", name, |name| {
                match name.eq_ignore_ascii_case("auto") {
                    true => Some(None),
                    false => Encoding::from_name(name).map(Some),
                }
            })?,
        };
        let delimiter = match written.delimiter {
            None => None,
            Some(text) => {
                self.document.checked("format", "delimiter", text, |text| match text {
                    "auto" => Some(None),
                    _ if text.is_empty() || text.contains(['\r', '\n']) => None,
                    _ => Some(Some(text.to_owned())),
                })?
            }
        };
        let header = match written.header {
            None => None,
            Some(header) => match header.get_ref() {
                Header::Flag(flag) => Some(*flag),
                Header::Word(word) if word == "auto" => None,
                Header::Word(_) => {
                    return Err(self.document.invalid_value("format", "header", header.span()));
                }
            },
        };
        Ok(Format { encoding, delimiter, header, lines })
    }
}
