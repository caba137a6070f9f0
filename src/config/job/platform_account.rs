//! `[[official_account]]` and `[[mini_program]]`: accounts of the WeChat platform.

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::secret;
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{AccountKind, PlatformAccount};

const SECRET_ZH: &str = "{ env = \"变量名\" } 或 { file = \"路径\" }";
const SECRET_EN: &str = "{ env = \"VARIABLE\" } or { file = \"PATH\" }";
const APP_ID_ZH: &str = "AppID：wx 加 16 位小写字母或数字，如 \"wx0123456789abcdef\"";
const APP_ID_EN: &str =
    "the AppID: wx and 16 small letters or digits, such as \"wx0123456789abcdef\"";

/// The keys of one of the two tables.
macro_rules! keys_of {
    ($table:literal) => {
        &[
            key($table, "appid", ValueType::String, APP_ID_ZH, APP_ID_EN).required(),
            key($table, "name", ValueType::String, "文本", "a text"),
            key($table, "secret", ValueType::SECRET, SECRET_ZH, SECRET_EN).required().secret(),
            key(
                concat!($table, ".secret"),
                "env",
                ValueType::String,
                "环境变量名",
                "the name of an environment variable",
            ),
            key(
                concat!($table, ".secret"),
                "file",
                ValueType::String,
                "一个文件的路径",
                "the path of a file",
            ),
        ]
    };
}

/// The keys of `[[official_account]]`.
pub(super) static OFFICIAL_ACCOUNT_KEYS: &[Key] = keys_of!("official_account");
/// The keys of `[[mini_program]]`.
pub(super) static MINI_PROGRAM_KEYS: &[Key] = keys_of!("mini_program");

/// The part of `jobs/example.toml.sample` that shows `[[official_account]]`.
pub(super) const OFFICIAL_ACCOUNT_SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 公众号和小程序。须是独立的账号：正在使用的公众号，其配置会被后续应用覆盖；同一 AppID 不能出现在两个租户的任务文件中。
# Official accounts and mini programs of their own: the settings of one in use would be overwritten. No two tenants
# share an AppID.
[[official_account]]
appid = "wx0123456789abcdef"
name = "示例人寿服务号"
secret = { env = "MP_SECRET" }
# secret = { file = "/run/credentials/orgsnap.service/secrets_mp-secret" }

"##;

/// The part of `jobs/example.toml.sample` that shows `[[mini_program]]`.
pub(super) const MINI_PROGRAM_SAMPLE: &str = r##"[[mini_program]]
appid = "wxfedcba9876543210"
name = "示例人寿小程序"
secret = { env = "MINI_PROGRAM_SECRET" }
# secret = { file = "/run/credentials/orgsnap.service/secrets_mini-program-secret" }

"##;

/// One of the two tables as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) appid: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) secret: Option<Spanned<secret::Written>>,
}

impl Resolver<'_> {
    /// An account; `before` are those resolved already.
    pub(super) fn platform_account(
        &self,
        kind: AccountKind,
        written: Spanned<Written>,
        before: &[PlatformAccount],
        warnings: &mut Vec<Message>,
    ) -> Result<PlatformAccount, ConfigError> {
        let section = kind.table();
        let table = written.span();
        let written = written.into_inner();
        let app_id = self.document.required(section, "appid", written.appid, Some(&table))?;
        let span = app_id.span();
        let app_id = self.document.checked(section, "appid", app_id, app_id_of)?;
        if let Some(other) = before.iter().find(|other| other.app_id == app_id) {
            let (line, other) = (other.line, other.kind.table());
            let why = Message::new(
                format!("第 {line} 行的 [[{other}]] 已是 {app_id}；每个 AppID 只写一次"),
                format!("the [[{other}]] of line {line} is {app_id} already"),
            );
            return Err(self.document.error_at(section, "appid", span, Problem::Unfit(why)));
        }
        let secret = self.document.required(section, "secret", written.secret, Some(&table))?;
        let what = Message::fixed("AppSecret ", "the AppSecret");
        let secret = self.secret(section, "secret", secret, Some(&what), warnings)?;
        let name = written.name.map(Spanned::into_inner);
        let line = self.document.position(table.start).0;
        Ok(PlatformAccount { kind, app_id, name, secret, line })
    }
}

fn app_id_of(text: &str) -> Option<String> {
    let rest = text.strip_prefix("wx")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (rest.len() == 16 && rest.bytes().all(plain)).then(|| text.to_owned())
}
