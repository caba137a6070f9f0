//! `[wecom.roster]`: which account of WeCom belongs to which agent.

use serde::Deserialize;

use crate::model::Message;

use super::cron::Cron;
use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{IdCase, RosterMapping, is_id};

const SECTION: &str = "wecom.roster";

/// The keys of `[wecom.roster]`.
pub(super) static KEYS: &[Key] = &[
    key(
        SECTION,
        "field",
        ValueType::String,
        "代理人文件中的字段名，如 \"agentCode\"",
        "the name of a field of the agents' file, such as \"agentCode\"",
    ),
    key(
        SECTION,
        "prefix",
        ValueType::String,
        "不超过 64 个字母、数字、_、-、. 或 @，如 \"dl_\"",
        "up to 64 letters, digits, `_`, `-`, `.` or `@`, such as \"dl_\"",
    )
    .default(r#""""#),
    key(
        SECTION,
        "case",
        ValueType::Enumeration(&["ignore", "exact"]),
        "\"ignore\" 或 \"exact\"",
        "\"ignore\" or \"exact\"",
    )
    .default(r#""ignore""#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 企业微信成员与代理人的核对：成员账号默认等于代理人 id（不区分大小写）。
# Members compared with the roster: a user id is the agent's id, in whatever case, unless this says otherwise.
[wecom.roster]
# 账号取自代理人文件的哪个字段；默认 id / The field of the agents' file that holds the user id; id by default
field = "id"
# 账号在该字段之前另有的前缀 / What stands before it in the user id
prefix = "dl_"
# "exact"：区分大小写 / "exact": upper and lower case differ
case = "ignore"

"##;

/// `[wecom.roster]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) field: Option<Text>,
    pub(super) prefix: Option<Text>,
    pub(super) case: Option<Text>,
}

impl Resolver<'_> {
    /// When the members are compared; `has_apps` says whether there is an application to list them by.
    pub(super) fn reconcile(&self, cron: &Text, has_apps: bool) -> Result<Cron, ConfigError> {
        if !has_apps {
            let why = Message::fixed(
                "核对需要读取企业微信成员，但没有 [[wecom_app]]；请添加通讯录应用（agent_id = \"chengyuan\"），或删除 reconcile",
                "needs to list WeCom's members, but there is no [[wecom_app]]: write that of the contacts (agent_id = \
                 \"chengyuan\"), or take reconcile out",
            );
            return Err(self.document.error_at(
                "wecom",
                "reconcile",
                cron.span(),
                Problem::Unfit(why),
            ));
        }
        self.cron("wecom", "reconcile", cron)
    }

    pub(super) fn wecom_roster(&self, written: Written) -> Result<RosterMapping, ConfigError> {
        let field = written
            .field
            .map(|field| {
                self.document.checked(SECTION, "field", field, |name| {
                    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                    (!name.is_empty() && name.bytes().all(plain)).then(|| name.to_owned())
                })
            })
            .transpose()?;
        let prefix = written
            .prefix
            .map(|prefix| {
                self.document.checked(SECTION, "prefix", prefix, |text| {
                    is_id(&text.replace(['.', '@'], "-")).then(|| text.to_owned())
                })
            })
            .transpose()?;
        let case = written
            .case
            .map(|case| {
                self.document.checked(SECTION, "case", case, |word| match word {
                    "ignore" => Some(IdCase::Ignore),
                    "exact" => Some(IdCase::Exact),
                    _ => None,
                })
            })
            .transpose()?;
        Ok(RosterMapping {
            field,
            prefix: prefix.unwrap_or_default(),
            case: case.unwrap_or_default(),
        })
    }
}
