//! `[wecom]`, and all other keys and sections about WeCom.

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{
    AccountKind, ApiAddresses, DomainVerification, PlatformAccount, Wecom, WecomApp, is_id,
};
use super::{
    domain_verification, platform_account, wecom_app, wecom_archive, wecom_login, wecom_roster,
};

const URL_ZH: &str = "以 https:// 开头的地址，不含路径之后的部分";
const URL_EN: &str = "an address that begins with https://, without a query";

/// The keys of `[wecom]`.
pub(super) static KEYS: &[Key] = &[
    key("wecom", "api_url", ValueType::String, URL_ZH, URL_EN)
        .default(r#""https://qyapi.weixin.qq.com""#),
    key("wecom", "mp_api_url", ValueType::String, URL_ZH, URL_EN)
        .default(r#""https://api.weixin.qq.com""#),
    key("wecom", "authorize_url", ValueType::String, URL_ZH, URL_EN)
        .default(r#""https://open.weixin.qq.com""#),
    key("wecom", "ca", ValueType::String, "PEM 文件的路径", "the path of a PEM file"),
    key(
        "wecom",
        "reconcile",
        ValueType::String,
        "六段 cron 表达式（秒 分 时 日 月 周），如 \"0 0 6 * * *\"",
        "a cron expression of six fields (seconds first), such as \"0 0 6 * * *\"",
    ),
    key("wecom", "roster", ValueType::Table, "一个 [wecom.roster] 表", "a [wecom.roster] table"),
    key("wecom", "archive", ValueType::Table, "一个 [wecom.archive] 表", "a [wecom.archive] table"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 调用企业微信接口的地址；经内网网关转发时改写。 / The servers of WeCom's API; others if a gateway passes calls on.
[wecom]
api_url = "https://qyapi.weixin.qq.com"
# 公众号和小程序的接口 / The API of official accounts and mini programs
mp_api_url = "https://api.weixin.qq.com"
# 网页授权（OAuth2）的地址 / The page by which members log in (OAuth2)
authorize_url = "https://open.weixin.qq.com"
# 网关使用自签证书时：信任的证书 / The authorities to trust, if a gateway shows a certificate of its own
ca = "gateway-ca.pem"
# orgsnap serve 何时将企业微信成员与代理人核对；不写则不核对。 / When orgsnap serve compares members with agents; never by default
reconcile = "0 0 6 * * *"

"##;

/// `[wecom]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) api_url: Option<Text>,
    pub(super) mp_api_url: Option<Text>,
    pub(super) authorize_url: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) reconcile: Option<Text>,
    pub(super) roster: Option<wecom_roster::Written>,
    pub(super) login: Option<Spanned<wecom_login::Written>>,
    pub(super) archive: Option<Spanned<wecom_archive::Written>>,
}

/// What a job file says about WeCom, as written.
#[derive(Debug, Default)]
pub(super) struct WrittenWecom {
    pub(super) corp_id: Option<Text>,
    pub(super) public_url: Option<Text>,
    pub(super) section: Written,
    pub(super) apps: Vec<Spanned<wecom_app::Written>>,
    pub(super) files: Vec<Spanned<domain_verification::Written>>,
    pub(super) official_accounts: Vec<Spanned<platform_account::Written>>,
    pub(super) mini_programs: Vec<Spanned<platform_account::Written>>,
}

impl Resolver<'_> {
    pub(super) fn wecom(
        &self,
        written: WrittenWecom,
        warnings: &mut Vec<Message>,
    ) -> Result<Wecom, ConfigError> {
        let corp_id = match (written.corp_id, written.apps.first()) {
            (None, None) => None,
            (None, Some(app)) => {
                Some(self.document.required("", "corp_id", None, Some(&app.span()))?)
            }
            (Some(id), _) => Some(self.document.checked("", "corp_id", id, |id| {
                is_id(id).then(|| id.to_owned()).filter(|id| !id.is_empty())
            })?),
        };
        let public_url = self.base_url("", "public_url", written.public_url)?;
        let mut section = written.section;
        let roster = self.wecom_roster(section.roster.take().unwrap_or_default())?;
        let reconcile = section
            .reconcile
            .take()
            .map(|cron| self.reconcile(&cron, !written.apps.is_empty()))
            .transpose()?;
        let (login, archive) = (section.login.take(), section.archive.take());
        let api = self.api_addresses(section, warnings)?;
        let mut apps: Vec<WecomApp> = Vec::with_capacity(written.apps.len());
        for app in written.apps {
            let app = self.wecom_app(app, &apps, warnings)?;
            apps.push(app);
        }
        let mut domain_verification: Vec<DomainVerification> =
            Vec::with_capacity(written.files.len());
        for file in written.files {
            let file = self.domain_verification(file, &domain_verification)?;
            domain_verification.push(file);
        }
        let mut accounts: Vec<PlatformAccount> = Vec::new();
        for (kind, tables) in [
            (AccountKind::OfficialAccount, written.official_accounts),
            (AccountKind::MiniProgram, written.mini_programs),
        ] {
            for table in tables {
                let account = self.platform_account(kind, table, &accounts, warnings)?;
                accounts.push(account);
            }
        }
        let login = match login {
            None => None,
            Some(login) => Some(self.wecom_login(login, public_url.as_deref(), &apps, warnings)?),
        };
        let archive = archive
            .map(|archive| self.wecom_archive(archive, corp_id.as_deref(), warnings))
            .transpose()?;
        Ok(Wecom {
            corp_id,
            public_url,
            apps,
            domain_verification,
            api,
            accounts,
            reconcile,
            roster,
            login,
            archive,
        })
    }

    fn api_addresses(
        &self,
        written: Written,
        warnings: &mut Vec<Message>,
    ) -> Result<ApiAddresses, ConfigError> {
        let default = ApiAddresses::default();
        let mut url = |name: &str, value: Option<Text>| {
            if let Some(value) = &value
                && value.get_ref().starts_with("http://")
                && !is_loopback(value.get_ref())
            {
                warnings.push(self.unencrypted_warning(name, &value.span()));
            }
            self.base_url("wecom", name, value)
        };
        Ok(ApiAddresses {
            api_url: url("api_url", written.api_url)?.unwrap_or(default.api_url),
            mp_api_url: url("mp_api_url", written.mp_api_url)?.unwrap_or(default.mp_api_url),
            authorize_url: url("authorize_url", written.authorize_url)?
                .unwrap_or(default.authorize_url),
            ca: written.ca.map(|path| self.document.resolve_path(path.get_ref())),
        })
    }

    fn unencrypted_warning(&self, name: &str, span: &std::ops::Range<usize>) -> Message {
        let (file, line) = (self.document.path.display(), self.document.position(span.start).0);
        Message::new(
            format!(
                "{file}:{line}: {name} 使用 http://，secret 和 token 会以明文传输；请改用 https://"
            ),
            format!(
                "{file}:{line}: {name} begins with http://, so secrets and tokens are sent in clear; use https://"
            ),
        )
    }

    fn base_url(
        &self,
        section: &str,
        name: &str,
        value: Option<Text>,
    ) -> Result<Option<String>, ConfigError> {
        value.map(|url| self.document.checked(section, name, url, base_url)).transpose()
    }
}

/// Whether what is sent there stays on this machine.
fn is_loopback(url: &str) -> bool {
    let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let ip: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
}

/// An address that paths can be appended to.
fn base_url(text: &str) -> Option<String> {
    let base = text.trim_end_matches('/');
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_graphic() && !"?#@;$\"'<>\\^`{|}".contains(c);
    (rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && rest.chars().all(plain))
        .then(|| base.to_owned())
}
