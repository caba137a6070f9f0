//! `[report]`: which report files a run leaves, where, for how long, and the copy for the insurer.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::model::{Language, Message};

use super::dated_path::DatedPath;
use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportFormat {
    /// The page that people forward, `report.html`.
    Html,
    /// The workbook that the provider works through, `findings.xlsx`.
    Xlsx,
    /// The document for programs, `report.json`; it is always written.
    Json,
}

impl ReportFormat {
    fn from_name(name: &str) -> Option<ReportFormat> {
        match name {
            "html" => Some(ReportFormat::Html),
            "xlsx" => Some(ReportFormat::Xlsx),
            "json" => Some(ReportFormat::Json),
            _ => None,
        }
    }
}

/// The report files of a job's runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSettings {
    /// The folder of the report folders; by default `reports` beside the database.
    pub dir: Option<PathBuf>,
    /// The files besides `report.json`, which is always written.
    pub formats: Vec<ReportFormat>,
    /// People's names are masked everywhere but in the workbook, which holds what the provider delivered.
    pub mask_names: bool,
    /// The page shows the lines at fault.
    pub raw_lines: bool,
    /// The language of the page and the workbook.
    pub language: Language,
    /// After this time report folders are removed; none are by default.
    pub keep: Option<Duration>,
    /// The copy for the insurer.
    pub reply: Option<ReplySettings>,
}

/// A copy of report files on the server that the deliveries come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplySettings {
    /// The directory, which may hold `{date:%Y%m%d}`.
    pub path: DatedPath,
    /// What is put there.
    pub formats: Vec<ReportFormat>,
}

impl Default for ReportSettings {
    fn default() -> ReportSettings {
        ReportSettings {
            dir: None,
            formats: vec![ReportFormat::Html, ReportFormat::Xlsx],
            mask_names: true,
            raw_lines: true,
            language: Language::Chinese,
            keep: None,
            reply: None,
        }
    }
}

const FILES: &[&str] = &["html", "xlsx"];
const COPIES: &[&str] = &["html", "xlsx", "json"];

/// The keys of `[report]` and `[report.reply]`.
pub(super) static KEYS: &[Key] = &[
    key("report", "dir", ValueType::String, "一个目录的路径", "the path of a folder"),
    key(
        "report",
        "formats",
        ValueType::List(&ValueType::Enumeration(FILES)),
        "\"html\" 和 \"xlsx\" 的列表（report.json 总会写入）",
        "a list of \"html\" and \"xlsx\" (report.json is always written)",
    )
    .default(r#"["html", "xlsx"]"#),
    key("report", "mask_names", ValueType::Boolean, "true 或 false", "true or false")
        .default("true"),
    key("report", "raw_lines", ValueType::Boolean, "true 或 false", "true or false")
        .default("true"),
    key(
        "report",
        "language",
        ValueType::Enumeration(&["zh", "en"]),
        "\"zh\" 或 \"en\"",
        "\"zh\" or \"en\"",
    )
    .default(r#""zh""#),
    key("report", "keep", ValueType::Duration, "时长，如 \"90d\"", "a duration such as \"90d\""),
    key("report", "reply", ValueType::Table, "一个 [report.reply] 表", "a [report.reply] table"),
    key(
        "report.reply",
        "path",
        ValueType::String,
        "数据源服务器上的目录，可含 {date:%Y%m%d}",
        "a directory on the server of the source, which may hold {date:%Y%m%d}",
    )
    .required(),
    key(
        "report.reply",
        "formats",
        ValueType::List(&ValueType::Enumeration(COPIES)),
        "\"xlsx\"、\"html\" 和 \"json\" 的列表，至少一项",
        "a list of \"xlsx\", \"html\" and \"json\", at least one",
    )
    .default(r#"["xlsx"]"#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 报告文件；报告写入或回传失败不影响运行结果，只给出警告。
# Report files. A report that cannot be written or sent never changes the result of a run: it warns.
[report]
# 每次运行的报告放在此目录下以运行编号命名的子目录中；默认为数据目录下的 <租户>/reports
# Each run has a folder of its name in here; by default in <tenant>/reports of the data folder
dir = "/srv/reports/demo"
# report.json 之外的文件：供转发的网页、供数据提供方逐条更正的工作簿 / Files besides report.json: the page to forward, the provider's workbook
formats = ["html", "xlsx"]
# 姓名打码（张*），工作簿除外：其中是数据提供方自己交付的数据。 / Names are masked (张*), except in the workbook: it holds what its reader delivered.
mask_names = true
# 网页中是否显示出错的行（姓名同样打码） / Whether the page shows the lines at fault (with names masked all the same)
raw_lines = true
# 网页和工作簿的语言："zh" 或 "en" / The language of page and workbook
language = "zh"
# 超过此时长的报告在运行后删除（仅限 orgsnap 自己写入的报告目录）；默认不删除
# Reports older than this are removed after a run (only folders that orgsnap wrote); none are by default
keep = "90d"

# 回传一份到数据源所在的服务器：先以临时名称写入，再改名；目录不存在时创建一级，不改动交付的文件。
# A copy on the server of the source: written under another name and renamed; a missing directory is made, one level deep; delivered
# files are not touched.
[report.reply]
path = "/reports/{date:%Y%m%d}"
formats = ["xlsx"]

"##;

/// `[report]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) dir: Option<Text>,
    pub(super) formats: Option<Spanned<Vec<Text>>>,
    pub(super) mask_names: Option<bool>,
    pub(super) raw_lines: Option<bool>,
    pub(super) language: Option<Text>,
    pub(super) keep: Option<Text>,
    pub(super) reply: Option<Spanned<WrittenReply>>,
}

/// `[report.reply]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenReply {
    pub(super) path: Option<Text>,
    pub(super) formats: Option<Spanned<Vec<Text>>>,
}

impl Resolver<'_> {
    /// The report files of a job.
    pub(super) fn report(
        &self,
        written: Written,
        has_source: bool,
    ) -> Result<ReportSettings, ConfigError> {
        let default = ReportSettings::default();
        let document = self.document;
        Ok(ReportSettings {
            dir: match written.dir {
                None => None,
                Some(dir) => Some(document.checked("report", "dir", dir, |dir| {
                    (!dir.is_empty()).then(|| document.resolve_path(dir))
                })?),
            },
            formats: match written.formats {
                None => default.formats,
                Some(formats) => self.formats("report", formats.into_inner())?,
            },
            mask_names: written.mask_names.unwrap_or(default.mask_names),
            raw_lines: written.raw_lines.unwrap_or(default.raw_lines),
            language: match written.language {
                None => default.language,
                Some(language) => {
                    document.checked("report", "language", language, |name| match name {
                        "zh" => Some(Language::Chinese),
                        "en" => Some(Language::English),
                        _ => None,
                    })?
                }
            },
            keep: match written.keep {
                None => None,
                Some(keep) => Some(document.checked("report", "keep", keep, quantity::duration)?),
            },
            reply: written.reply.map(|reply| self.reply(reply, has_source)).transpose()?,
        })
    }

    fn reply(
        &self,
        written: Spanned<WrittenReply>,
        has_source: bool,
    ) -> Result<ReplySettings, ConfigError> {
        const TABLE: &str = "report.reply";
        let table = written.span();
        if !has_source {
            let why = Message::fixed(
                "没有 [source]，报告无处回传；请添加 [source]，或删除 [report.reply]",
                "there is no [source] whose server a copy could be put on; write one, or take [report.reply] out",
            );
            return Err(self.document.error_at("report", "reply", table, Problem::Unfit(why)));
        }
        let WrittenReply { path, formats } = written.into_inner();
        let path = self.document.required(TABLE, "path", path, Some(&table))?;
        let path = self.document.checked(TABLE, "path", path, |text| {
            // What the server is told is one line.
            DatedPath::parse(text).filter(|_| !text.is_empty() && !text.contains(char::is_control))
        })?;
        let formats = match formats {
            None => vec![ReportFormat::Xlsx],
            Some(formats) if formats.get_ref().is_empty() => {
                return Err(self.document.invalid_value(TABLE, "formats", formats.span()));
            }
            Some(formats) => self.formats(TABLE, formats.into_inner())?,
        };
        Ok(ReplySettings { path, formats })
    }

    /// The formats of a list, each once.
    fn formats(&self, table: &str, written: Vec<Text>) -> Result<Vec<ReportFormat>, ConfigError> {
        let mut formats = Vec::with_capacity(written.len());
        for name in written {
            formats.push(self.document.checked(table, "formats", name, |name| {
                let known = self.document.keys.has_word(table, "formats", name);
                ReportFormat::from_name(name).filter(|_| known)
            })?);
        }
        formats.sort_unstable();
        formats.dedup();
        Ok(formats)
    }
}
