//! `[wecom.archive]`: the session archive (会话内容存档).

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::cron::Cron;
use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::secret::{self, SecretSource};
use super::value_type::ValueType;
use super::values::Text;

const SECTION: &str = "wecom.archive";

/// How the session archive of the enterprise is pulled.
#[derive(Debug, Clone)]
pub struct WecomArchive {
    /// The archive's own secret, which is none of an application.
    pub secret: SecretSource,
    /// WeCom's C library.
    pub library: PathBuf,
    /// The program that loads it; the one beside orgsnap by default.
    pub reader: Option<PathBuf>,
    /// When `orgsnap serve` pulls; never by default.
    pub schedule: Option<Cron>,
    /// Messages that are older are removed; none are by default.
    pub keep: Option<Duration>,
    /// Whether files of messages (pictures, voices, documents) are fetched, too.
    pub media: bool,
    /// A proxy for the library.
    pub proxy: Option<String>,
    /// `user:password` of the proxy.
    pub proxy_password: Option<SecretSource>,
    /// How long the library may wait for WeCom.
    pub timeout: Duration,
}

impl WecomArchive {
    /// How long the library may wait unless the job says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
}

/// The keys of `[wecom.archive]`.
pub(super) static KEYS: &[Key] = &[
    key(
        SECTION,
        "secret",
        ValueType::SECRET,
        "会话内容存档的 Secret：{ env = \"变量名\" } 或 { file = \"路径\" }",
        "the secret of the session archive: { env = \"VARIABLE\" } or { file = \"PATH\" }",
    )
    .required()
    .secret(),
    key(
        "wecom.archive.secret",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("wecom.archive.secret", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(
        SECTION,
        "library",
        ValueType::String,
        "企业微信会话内容存档 SDK 的路径，如 \"/opt/wecom/libWeWorkFinanceSdk_C.so\"",
        "the path of WeCom's library, such as \"/opt/wecom/libWeWorkFinanceSdk_C.so\"",
    )
    .required(),
    key(
        SECTION,
        "reader",
        ValueType::String,
        "orgsnap-archive-reader 程序的路径",
        "the path of the program orgsnap-archive-reader",
    ),
    key(
        SECTION,
        "schedule",
        ValueType::String,
        "六段 cron 表达式（秒 分 时 日 月 周），如 \"0 */10 * * * *\"",
        "a cron expression of six fields (seconds first), such as \"0 */10 * * * *\"",
    ),
    key(SECTION, "keep", ValueType::Duration, "时长，如 \"180d\"", "a duration such as \"180d\""),
    key(SECTION, "media", ValueType::Boolean, "true 或 false", "true or false").default("false"),
    key(
        SECTION,
        "proxy",
        ValueType::String,
        "代理地址，如 \"http://10.0.0.1:8081\" 或 \"socks5://10.0.0.1:8081\"",
        "a proxy such as \"http://10.0.0.1:8081\" or \"socks5://10.0.0.1:8081\"",
    ),
    key(
        SECTION,
        "proxy_password",
        ValueType::SECRET,
        "代理的用户名和密码，写作 \"user:password\"：{ env = \"变量名\" } 或 { file = \"路径\" }",
        "the proxy's \"user:password\": { env = \"VARIABLE\" } or { file = \"PATH\" }",
    )
    .secret(),
    key(
        "wecom.archive.proxy_password",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key(
        "wecom.archive.proxy_password",
        "file",
        ValueType::String,
        "一个文件的路径",
        "the path of a file",
    ),
    key(SECTION, "timeout", ValueType::Duration, "时长，如 \"30s\"", "a duration such as \"30s\"")
        .default(r#""30s""#),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 会话内容存档（文档第六节）：orgsnap wecom archive-key new 生成密钥对，orgsnap wecom archive pull 拉取到 session.db
# The session archive (section 6 of the document): orgsnap wecom archive-key new makes the keys, orgsnap wecom archive pull
# stores the messages in session.db
[wecom.archive]
# 会话内容存档页面上的 Secret，不是应用的 Secret / The secret of the page of the archive, which is none of an application
secret = { env = "WECOM_ARCHIVE_SECRET" }
# secret = { file = "/run/credentials/orgsnap.service/secrets_archive-secret" }
# 企业微信提供的 SDK（Linux x86-64 或 arm64） / WeCom's library
library = "/opt/wecom/libWeWorkFinanceSdk_C.so"
# 加载 SDK 的程序；默认与 orgsnap 在同一目录 / The program that loads it; by default the one beside orgsnap
reader = "/usr/local/bin/orgsnap-archive-reader"
# 由 orgsnap serve 定时拉取；企业微信只保留五天 / When orgsnap serve pulls; WeCom keeps messages for five days only
schedule = "0 */10 * * * *"
# 更早的消息从 session.db 中删除；默认全部保留 / Older messages are removed from session.db; by default all are kept
keep = "180d"
# 是否下载图片、语音、文件等 / Whether pictures, voices and files are fetched, too
media = false
# 访问企业微信的代理及其用户名和密码（user:password） / A proxy, and its user:password
proxy = "http://10.0.0.1:8081"
proxy_password = { env = "WECOM_ARCHIVE_PROXY" }
# proxy_password = { file = "/run/credentials/orgsnap.service/secrets_archive-proxy" }
# SDK 等待企业微信响应的时间 / How long the library waits for WeCom
timeout = "30s"

"##;

/// `[wecom.archive]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    secret: Option<Spanned<secret::Written>>,
    library: Option<Text>,
    reader: Option<Text>,
    schedule: Option<Text>,
    keep: Option<Text>,
    media: Option<bool>,
    proxy: Option<Text>,
    proxy_password: Option<Spanned<secret::Written>>,
    timeout: Option<Text>,
}

impl Resolver<'_> {
    /// The session archive of the enterprise, whose id must be known.
    pub(super) fn wecom_archive(
        &self,
        written: Spanned<Written>,
        corp_id: Option<&str>,
        warnings: &mut Vec<Message>,
    ) -> Result<WecomArchive, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        self.document.required("", "corp_id", corp_id, Some(&table))?;
        let secret = self.document.required(SECTION, "secret", written.secret, Some(&table))?;
        let what = Message::fixed("会话内容存档的 Secret ", "the secret of the session archive");
        let secret = self.secret(SECTION, "secret", secret, Some(&what), warnings)?;
        let library = self.document.required(SECTION, "library", written.library, Some(&table))?;
        let path = |key, written: Text| {
            self.document.checked(SECTION, key, written, |path| {
                (!path.is_empty()).then(|| self.document.resolve_path(path))
            })
        };
        let library = path("library", library)?;
        let reader = written.reader.map(|reader| path("reader", reader)).transpose()?;
        let schedule = written
            .schedule
            .map(|schedule| self.cron(SECTION, "schedule", &schedule))
            .transpose()?;
        let duration = |key, text| self.document.checked(SECTION, key, text, quantity::duration);
        let keep = written.keep.map(|keep| duration("keep", keep)).transpose()?;
        let timeout = written.timeout.map(|timeout| duration("timeout", timeout)).transpose()?;
        let one_word = |text: &str| {
            let word = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
            word.then(|| text.to_owned())
        };
        let proxy = written
            .proxy
            .map(|proxy| self.document.checked(SECTION, "proxy", proxy, one_word))
            .transpose()?;
        if let (None, Some(password)) = (&proxy, &written.proxy_password) {
            let why = Message::fixed(
                "没有 proxy，此项不适用；请填写 proxy，或将其删除",
                "there is no proxy that it would be for; write one, or take this out",
            );
            let place = password.span();
            return Err(self.document.error_at(
                SECTION,
                "proxy_password",
                place,
                Problem::Unfit(why),
            ));
        }
        let what = Message::fixed("代理的密码", "the password of the proxy");
        let proxy_password = written
            .proxy_password
            .map(|written| self.secret(SECTION, "proxy_password", written, Some(&what), warnings))
            .transpose()?;
        Ok(WecomArchive {
            secret,
            library,
            reader,
            schedule,
            keep,
            media: written.media.unwrap_or(false),
            proxy,
            proxy_password,
            timeout: timeout.unwrap_or(WecomArchive::TIMEOUT),
        })
    }
}
