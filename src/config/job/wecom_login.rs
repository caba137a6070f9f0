//! `[wecom.login]`: members log in by WeCom, and pages are signed for its JS-SDK.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{AgentId, LoginSettings, WecomApp};

const SECTION: &str = "wecom.login";

/// How long a session lasts unless the job says it.
const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// How long one may last: who has left should not be logged in the next day.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys of `[wecom.login]`.
pub(super) static KEYS: &[Key] = &[
    key("wecom", "login", ValueType::Table, "一个 [wecom.login] 表", "a [wecom.login] table"),
    key(
        SECTION,
        "agent_id",
        ValueType::Integer { min: 1, max: i64::MAX },
        "1 到 9223372036854775807 的整数：成员打开页面的应用的 AgentId",
        "a number from 1 to 9223372036854775807: the AgentId of the application in which members open the pages",
    )
    .required(),
    key(
        SECTION,
        "domains",
        ValueType::List(&ValueType::String),
        "域名列表，如 [\"app.example.com\"]，不含 https:// 和路径；中文域名请写成 xn-- 形式",
        "a list of domains such as [\"app.example.com\"], without https:// and path; names of other letters in their xn-- form",
    )
    .default("[]"),
    key(
        SECTION,
        "lifetime",
        ValueType::Duration,
        "不超过 24h 的时长，如 \"2h\"",
        "a duration of up to 24h, such as \"2h\"",
    )
    .default(r#""2h""#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 成员以企业微信身份登录页面，以及页面的 JS-SDK 签名（orgsnap serve --listen）；未写本表时关闭。
# Members log in to pages by WeCom, and pages are signed for the JS-SDK (orgsnap serve --listen); off without this table.
[wecom.login]
# 成员打开页面的应用 / The application in which members open the pages
agent_id = 1000008
# 页面的域名；public_url 的域名始终在内 / The domains of the pages, besides that of public_url
domains = ["app.example.com"]
# 登录的有效期，到期后自动重新登录 / How long a login lasts; then members log in again by themselves
lifetime = "2h"

"##;

/// `[wecom.login]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) agent_id: Option<Spanned<i64>>,
    pub(super) domains: Option<Spanned<Vec<Text>>>,
    pub(super) lifetime: Option<Text>,
}

impl Resolver<'_> {
    /// The login, which needs the public address and an application.
    pub(super) fn wecom_login(
        &self,
        written: Spanned<Written>,
        public_url: Option<&str>,
        apps: &[WecomApp],
        warnings: &mut Vec<Message>,
    ) -> Result<LoginSettings, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        let public_url = self.document.required("", "public_url", public_url, Some(&table))?;
        if public_url.starts_with("http://") {
            let (file, line) =
                (self.document.path.display(), self.document.position(table.start).0);
            warnings.push(Message::new(
                format!(
                    "{file}:{line}: public_url 以 http:// 开头，登录的 Cookie 可被窃听；除测试外请用 https://"
                ),
                format!(
                    "{file}:{line}: public_url begins with http://, so that cookies of the login can be overheard; use https:// \
                     but for tests"
                ),
            ));
        }
        let agent_id =
            self.document.required(SECTION, "agent_id", written.agent_id, Some(&table))?;
        let number = self.document.integer(SECTION, "agent_id", &agent_id)?;
        let number = u64::try_from(number)
            .map_err(|_| self.document.invalid_value(SECTION, "agent_id", agent_id.span()))?;
        if !apps.iter().any(|app| app.agent_id == AgentId::Number(number)) {
            let why = Message::new(
                format!(
                    "没有 agent_id = {number} 的 [[wecom_app]]；登录需要该应用的 Secret，请补充"
                ),
                format!(
                    "there is no [[wecom_app]] with agent_id = {number}; the login needs that application's secret"
                ),
            );
            let problem = Problem::Unfit(why);
            return Err(self.document.error_at(SECTION, "agent_id", agent_id.span(), problem));
        }
        let mut domains = Vec::new();
        for domain in written.domains.map(Spanned::into_inner).unwrap_or_default() {
            domains.push(self.document.checked(SECTION, "domains", domain, domain_of)?);
        }
        let lifetime = match written.lifetime {
            None => LIFETIME,
            Some(text) => self.document.checked(SECTION, "lifetime", text, |text| {
                quantity::duration(text).filter(|lifetime| *lifetime <= MAX_LIFETIME)
            })?,
        };
        Ok(LoginSettings { agent_id: number, domains, lifetime })
    }
}

/// A domain in lower case, with its port if there is one.
fn domain_of(text: &str) -> Option<String> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !label.is_empty() && label.bytes().all(plain)
    };
    let is_port = |port: &str| {
        port.starts_with(|c: char| ('1'..='9').contains(&c)) && port.parse::<u16>().is_ok()
    };
    let fits = host.len() <= 253 && host.split('.').all(label) && port.is_none_or(is_port);
    fits.then(|| text.to_ascii_lowercase())
}
