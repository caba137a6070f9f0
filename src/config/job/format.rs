//! `[format]`: the layout of the files, as far as the job pins it.

use std::collections::BTreeMap;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::fmt;
use toml::Spanned;

use crate::config::dialect::{DatePattern, Quotes, Trailer};

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::tops::{self, TopWords, trimmed};
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
    /// What the cells and lines of the export mean.
    pub export: Export,
    /// Where the job file pins them.
    pub lines: PinnedLines,
}

/// What an insurer's export means where it is not in the contract's form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// Cells that mean: no value.
    pub null: Vec<String>,
    /// Date cells that mean: no date.
    pub no_date: Vec<String>,
    /// Further forms of dates.
    pub dates: Vec<DatePattern>,
    /// Number of physical lines before the header or the first record.
    pub skip_lines: Option<usize>,
    /// Lines that begin with this text are no data.
    pub comment: Option<String>,
    /// The form of the last line.
    pub trailer: Option<Trailer>,
    /// What quotes mean.
    pub quotes: Option<Quotes>,
    /// By forest: parents that mean a top.
    pub tops: BTreeMap<String, TopWords>,
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
        ValueType::WordInAnyCase(ENCODINGS),
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
    key(
        "format",
        "null",
        ValueType::List(&ValueType::String),
        "表示“没有值”的写法，如 [\"NULL\", \"\\\\N\"]",
        "cells that mean no value, such as [\"NULL\", \"\\\\N\"]",
    )
    .default("[]"),
    key(
        "format",
        "no_date",
        ValueType::List(&ValueType::String),
        "表示“没有日期”的写法，如 [\"0000-00-00\"]",
        "date cells that mean no date, such as [\"0000-00-00\"]",
    )
    .default("[]"),
    key(
        "format",
        "dates",
        ValueType::List(&ValueType::String),
        "日期的其他写法，含 %Y、%m、%d，如 [\"%d/%m/%Y\"]",
        "further forms of dates with %Y, %m and %d, such as [\"%d/%m/%Y\"]",
    )
    .default("[]"),
    key(
        "format",
        "skip_lines",
        ValueType::Integer { min: 0, max: 1000 },
        "0 到 1000 的整数",
        "a number from 0 to 1000",
    )
    .default("0"),
    key(
        "format",
        "comment",
        ValueType::String,
        "注释行开头的字符，如 \"#\"",
        "what comment lines begin with, such as \"#\"",
    ),
    key(
        "format",
        "trailer",
        ValueType::String,
        "文件末行的写法，如 \"TRL|{rows}\"：{rows} 是记录数（至多一处），{*} 是任意内容，两者不相邻，此外须有文字",
        "the form of the last line, such as \"TRL|{rows}\": {rows} is the number of records (once at most), {*} is \
         anything; the two do not adjoin, and there is other text besides",
    ),
    key(
        "format",
        "quotes",
        ValueType::Enumeration(Quotes::WORDS),
        "\"auto\"、\"needed\"、\"always\" 或 \"none\"",
        "\"auto\", \"needed\", \"always\" or \"none\"",
    )
    .default(r#""auto""#),
    key("format", "tops", ValueType::Table, "一个 tops 表", "a table tops"),
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
# 表示“没有值”的单元格 / Cells that mean: no value
null = ["NULL", "\\N"]
# 表示“没有日期”的单元格 / Date cells that mean: no date
no_date = ["0000-00-00", "9999-12-31"]
# 日期的其他写法，如日在月前 / Further forms of dates, such as day before month
dates = ["%d/%m/%Y"]
# 表头或首条记录之前的行数 / Physical lines before the header or the first record
skip_lines = 0
# 以此开头的行不是数据 / Lines that begin so are no data
comment = "#"
# 末行的写法：{rows} 须等于记录数，{*} 是任意内容 / The last line: {rows} must be the number of records, {*} is anything
trailer = "TRL|{rows}"
# 引号："auto"、"needed"（必要时才加）、"always"、"none"（引号是文字） / "needed" (RFC 4180), "always", "none" (quotes are text)
# 写明 "needed" 或 "always" 时，引号内可以换行 / With "needed" or "always" a cell in quotes may hold line ends
quotes = "auto"
# quotes = "needed"
# 各棵树中表示“没有上级”的写法；"self" 是记录自己的编码 / Parents that mean a top; "self" is the record's own key
tops = { organ = ["0", "self"], node = ["-1"] }

"##;

/// `[format]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) encoding: Option<Text>,
    pub(super) delimiter: Option<Text>,
    pub(super) header: Option<Spanned<Header>>,
    pub(super) null: Option<Spanned<Vec<String>>>,
    pub(super) no_date: Option<Spanned<Vec<String>>>,
    pub(super) dates: Option<Vec<Text>>,
    pub(super) skip_lines: Option<Spanned<i64>>,
    pub(super) comment: Option<Text>,
    pub(super) trailer: Option<Text>,
    pub(super) quotes: Option<Text>,
    pub(super) tops: Option<tops::Written>,
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
        let export = Export {
            null: self.texts("null", written.null)?,
            no_date: self.texts("no_date", written.no_date)?,
            dates: self.dates(written.dates.unwrap_or_default())?,
            skip_lines: match written.skip_lines {
                None => None,
                Some(lines) => {
                    let lines = self.document.integer("format", "skip_lines", &lines)?;
                    usize::try_from(lines).ok().filter(|lines| *lines > 0)
                }
            },
            comment: match written.comment {
                None => None,
                Some(text) => Some(self.document.checked("format", "comment", text, |text| {
                    let fits = !text.trim().is_empty() && !text.contains(['\r', '\n']);
                    fits.then(|| text.to_owned())
                })?),
            },
            trailer: match written.trailer {
                None => None,
                Some(text) => {
                    Some(self.document.checked("format", "trailer", text, Trailer::parse)?)
                }
            },
            quotes: match written.quotes {
                None => None,
                Some(word) => {
                    let quotes =
                        self.document.checked("format", "quotes", word, Quotes::from_name)?;
                    Some(quotes).filter(|quotes| *quotes != Quotes::Auto)
                }
            },
            tops: self.tops(written.tops.unwrap_or_default())?,
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
        Ok(Format { encoding, delimiter, header, export, lines })
    }

    /// Forms of dates, none of which reads what another one reads as another day: which was meant would be a guess.
    fn dates(&self, written: Vec<Text>) -> Result<Vec<DatePattern>, ConfigError> {
        let mut dates: Vec<DatePattern> = Vec::new();
        for text in written {
            let span = text.span();
            let form = self.document.checked("format", "dates", text, DatePattern::parse)?;
            let clash = dates.iter().find_map(|before| Some((before, before.contradicts(&form)?)));
            if let Some((before, text)) = clash {
                let (before, form) = (before.text(), form.text());
                let why = Problem::Unfit(Message::new(
                    format!(
                        "\"{before}\" 和 \"{form}\" 把 {text} 读成不同的日期；请只留导出实际使用的一种"
                    ),
                    format!(
                        "\"{before}\" and \"{form}\" read {text} as different days; keep the one that the export has"
                    ),
                ));
                return Err(self.document.error_at("format", "dates", span, why));
            }
            dates.push(form);
        }
        Ok(dates)
    }

    fn texts(
        &self,
        key: &str,
        written: Option<Spanned<Vec<String>>>,
    ) -> Result<Vec<String>, ConfigError> {
        let Some(written) = written else { return Ok(Vec::new()) };
        let span = written.span();
        trimmed(written.into_inner())
            .ok_or_else(|| self.document.invalid_value("format", key, span))
    }
}
