//! The top level of a job file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolved::{Job, ReadingTables};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;
use super::{
    alert, archive, codes, domain_verification, format, gate, lake, limits, platform_account,
    report, schedule, site, source_section, store_section, wecom_app, wecom_section,
};

/// The keys of the top level.
pub(super) static KEYS: &[Key] = &[
    key(
        "",
        "tenant",
        ValueType::String,
        "放在引号内的 1 到 64 个字母、数字、_ 或 -，如 \"00010001\"",
        "1 to 64 letters, digits, `_` or `-` in quotes, such as \"00010001\"",
    )
    .required(),
    key("", "name", ValueType::String, "文本", "a text"),
    key(
        "",
        "timezone",
        ValueType::String,
        "时区名，如 \"Asia/Shanghai\"",
        "a time zone such as \"Asia/Shanghai\"",
    )
    .default(r#""Asia/Shanghai""#),
    key("", "schema", ValueType::String, "一个目录的路径", "the path of a folder"),
    key("", "source", ValueType::Table, "一个 [source] 表", "a [source] table"),
    key("", "format", ValueType::Table, "一个 [format] 表", "a [format] table"),
    key("", "codes", ValueType::Table, "一个 [codes] 表", "a [codes] table"),
    key("", "schedule", ValueType::Table, "一个 [schedule] 表", "a [schedule] table"),
    key("", "gate", ValueType::Table, "一个 [gate] 表", "a [gate] table"),
    key("", "limits", ValueType::Table, "一个 [limits] 表", "a [limits] table"),
    key("", "rules", ValueType::Table, "一个 [rules] 表", "a [rules] table"),
    key("", "report", ValueType::Table, "一个 [report] 表", "a [report] table"),
    key("", "archive", ValueType::Table, "一个 [archive] 表", "an [archive] table"),
    key("", "store", ValueType::Table, "一个 [store] 表", "a [store] table"),
    key("", "lake", ValueType::Table, "一个 [lake] 表", "a [lake] table"),
    key(
        "",
        "corp_id",
        ValueType::String,
        "企业 ID（CorpID），如 \"ww08a41f56c8db31fb\"",
        "the enterprise's CorpID, such as \"ww08a41f56c8db31fb\"",
    ),
    key(
        "",
        "public_url",
        ValueType::String,
        "对外的域名，如 \"https://wecom.example.com\"",
        "the address seen from outside, such as \"https://wecom.example.com\"",
    ),
    key("", "site", ValueType::Table, "一个 [site] 表", "a [site] table"),
    key("", "wecom", ValueType::Table, "一个 [wecom] 表", "a [wecom] table"),
    key("", "wecom_app", ValueType::Tables, "一个或多个 [[wecom_app]] 表", "[[wecom_app]] tables"),
    key(
        "",
        "domain_verification",
        ValueType::Tables,
        "一个或多个 [[domain_verification]] 表",
        "[[domain_verification]] tables",
    ),
    key(
        "",
        "official_account",
        ValueType::Tables,
        "一个或多个 [[official_account]] 表",
        "[[official_account]] tables",
    ),
    key(
        "",
        "mini_program",
        ValueType::Tables,
        "一个或多个 [[mini_program]] 表",
        "[[mini_program]] tables",
    ),
    key("", "alert", ValueType::Tables, "一个或多个 [[alert]] 表", "[[alert]] tables"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 任务文件的全部设置 / Every setting of a job file.
#
# 本文件不会被执行：orgsnap serve jobs/ 只读取 *.toml。新任务请用 orgsnap init 生成，再从这里摘取所需的设置。
# This file is not run: orgsnap serve jobs/ takes up *.toml only. Begin a job with orgsnap init, and copy from here.
#
# 以“# 键 = 值”注释掉的行，是同一个键的其他写法，或其他类型的数据源才有的键。
# Lines commented out as "# key = value" are other ways to write a key, or keys of another kind of source.
# 未写的键取默认值；写错的键名会被指出。文件中的相对路径以本文件所在目录为准。
# A key that is not written has its default; a misspelt one is pointed out. Relative paths are relative to this file.

# 租户编号（1 到 64 个字母、数字、_ 或 -），也是数据目录下的子目录名。 / The tenant; names its folder below the data folder.
tenant = "00010001"
# 保险公司的名称，写进报告和告警。 / The insurer's name, for reports and alerts.
name = "示例人寿"
# 业务日期和定时运行所用的时区。 / The time zone of business dates and of the schedule.
timezone = "Asia/Shanghai"
# 用此目录中的结构文件代替内置的 schemas/。 / A folder of schema files in place of the built-in ones.
schema = "../schemas"

# 企业微信回调（orgsnap serve --listen）：企业 ID，和反向代理对外的地址。
# Callbacks of WeCom (orgsnap serve --listen): the CorpID, and the address of the reverse proxy seen from outside.
corp_id = "ww08a41f56c8db31fb"
public_url = "https://wecom.example.com"

"##;

/// A job file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) tenant: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) timezone: Option<Text>,
    pub(super) schema: Option<Text>,
    pub(super) source: Option<Spanned<source_section::Written>>,
    pub(super) format: Option<format::Written>,
    pub(super) codes: Option<codes::Written>,
    pub(super) schedule: Option<Spanned<schedule::Written>>,
    pub(super) gate: Option<gate::Written>,
    pub(super) limits: Option<limits::Written>,
    pub(super) rules: Option<BTreeMap<String, Text>>,
    pub(super) report: Option<report::Written>,
    pub(super) archive: Option<archive::Written>,
    pub(super) store: Option<Spanned<store_section::Written>>,
    pub(super) lake: Option<Spanned<lake::Written>>,
    pub(super) alert: Option<Vec<Spanned<alert::Written>>>,
    pub(super) corp_id: Option<Text>,
    pub(super) public_url: Option<Text>,
    pub(super) site: Option<Spanned<site::Written>>,
    pub(super) wecom: Option<wecom_section::Written>,
    pub(super) wecom_app: Option<Vec<Spanned<wecom_app::Written>>>,
    pub(super) domain_verification: Option<Vec<Spanned<domain_verification::Written>>>,
    pub(super) official_account: Option<Vec<Spanned<platform_account::Written>>>,
    pub(super) mini_program: Option<Vec<Spanned<platform_account::Written>>>,
}

/// What says how a delivery is read and checked: all of a job that what is published depends on, but for its schema.
const READING: [&str; 6] = ["tenant", "timezone", "format", "codes", "limits", "rules"];

impl Resolver<'_> {
    /// Those parts of the file, as TOML.
    fn reading(&self) -> ReadingTables {
        // The text was read a moment ago: it is TOML.
        let mut table: toml::Table = toml::from_str(self.document.text).unwrap_or_default();
        table.retain(|key, _| READING.contains(&key));
        ReadingTables(table.to_string())
    }

    /// The whole job.
    pub(super) fn job(&self, written: Written) -> Result<Job, ConfigError> {
        let mut warnings = Vec::new();
        let tenant = self.document.required("", "tenant", written.tenant, None)?;
        let tenant = self.document.checked("", "tenant", tenant, |text| {
            let fits = (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            fits.then(|| text.to_owned())
        })?;
        let timezone = match written.timezone {
            None => chrono_tz::Asia::Shanghai,
            Some(name) => self.document.checked("", "timezone", name, |name| name.parse().ok())?,
        };
        let source = match written.source {
            None => None,
            Some(source) => Some(self.source(source, &mut warnings)?),
        };
        let schedule = match written.schedule {
            None => None,
            Some(schedule) => Some(self.schedule(schedule, source.is_some())?),
        };
        let has_source = source.is_some();
        let max_file_size = self.max_file_size(written.limits.unwrap_or_default())?;
        let alerts = self.alerts(written.alert.unwrap_or_default(), &mut warnings)?;
        let store = self.store(written.store, &mut warnings)?;
        let wecom = wecom_section::WrittenWecom {
            corp_id: written.corp_id,
            public_url: written.public_url,
            section: written.wecom.unwrap_or_default(),
            apps: written.wecom_app.unwrap_or_default(),
            files: written.domain_verification.unwrap_or_default(),
            official_accounts: written.official_account.unwrap_or_default(),
            mini_programs: written.mini_program.unwrap_or_default(),
        };
        let wecom = self.wecom(wecom, &mut warnings)?;
        Ok(Job {
            path: self.document.path.to_path_buf(),
            tenant,
            name: written.name.map(Spanned::into_inner),
            timezone,
            source,
            format: self.format(written.format.unwrap_or_default())?,
            codes: self.codes(written.codes.unwrap_or_default())?,
            gate: self.gate(written.gate.unwrap_or_default())?,
            rules: self.rules(written.rules.unwrap_or_default())?,
            schema: written.schema.map(|folder| self.document.resolve_path(folder.get_ref())),
            max_file_size,
            report: self.report(written.report.unwrap_or_default(), has_source)?,
            archive: self.archive(written.archive.unwrap_or_default())?,
            store,
            lake: written.lake.map(|lake| self.lake(lake, &mut warnings)).transpose()?,
            schedule,
            alerts,
            wecom,
            site: self.site(written.site)?,
            reading: self.reading(),
            warnings,
        })
    }
}
