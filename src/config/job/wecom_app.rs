//! `[[wecom_app]]`: the applications of the insurer's WeCom.

use std::fmt;
use std::ops::Range;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::secret::{self, SecretSource};
use super::value_type::ValueType;
use super::values::Text;
use super::wecom::{AgentId, CallbackSecrets, WecomApp, is_aes_key, is_id, is_token};

const SECRET_ZH: &str = "{ env = \"变量名\" } 或 { file = \"路径\" }";
const SECRET_EN: &str = "{ env = \"VARIABLE\" } or { file = \"PATH\" }";

/// The keys of `[[wecom_app]]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "wecom_app",
        "agent_id",
        ValueType::AnyOf(&[ValueType::Integer { min: 1, max: i64::MAX }, ValueType::String]),
        "应用的 AgentId（数字），或 \"chengyuan\"（通讯录）、\"kehu\"（客户）",
        "the application's AgentId (a number), \"chengyuan\" (contacts) or \"kehu\" (customers)",
    )
    .required(),
    key("wecom_app", "secret", ValueType::SECRET, SECRET_ZH, SECRET_EN).required().secret(),
    key(
        "wecom_app.secret",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("wecom_app.secret", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "token",
        ValueType::SECRET,
        "{ env = \"变量名\" } 或 { file = \"路径\" }，内容为不超过 32 位的字母和数字",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" } with up to 32 letters and digits",
    )
    .secret(),
    key(
        "wecom_app.token",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("wecom_app.token", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "aes_key",
        ValueType::SECRET,
        "{ env = \"变量名\" } 或 { file = \"路径\" }，内容为 43 位字母和数字（EncodingAESKey）",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" } with 43 letters and digits (EncodingAESKey)",
    )
    .secret(),
    key(
        "wecom_app.aes_key",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("wecom_app.aes_key", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "receive_ids",
        ValueType::List(&ValueType::String),
        "CorpID 之外允许的接收方 ID 列表，如 [\"\"]",
        "a list of receive ids that are right besides the corp id, such as [\"\"]",
    )
    .default("[]"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 企业微信应用：通讯录（chengyuan）、客户（kehu）或自建应用的 AgentId。接收回调的应用须写 token 和 aes_key。
# Applications of WeCom: contacts (chengyuan), customers (kehu), or the AgentId of an own one. Those that receive
# callbacks have a token and an aes_key.
[[wecom_app]]
agent_id = "chengyuan"
secret = { env = "WECOM_CONTACTS_SECRET" }
# secret = { file = "/run/credentials/orgsnap.service/secrets_contacts-secret" }
token = { env = "WECOM_CONTACTS_TOKEN" }
# token = { file = "/run/credentials/orgsnap.service/secrets_contacts-token" }
aes_key = { env = "WECOM_CONTACTS_AES_KEY" }
# aes_key = { file = "/run/credentials/orgsnap.service/secrets_contacts-aes-key" }
# 企业 ID 之外允许的接收方 ID / Receive ids that are right besides the corp id
receive_ids = [""]

[[wecom_app]]
agent_id = 1000008
secret = { env = "WECOM_APP_SECRET" }

"##;

/// `[[wecom_app]]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) agent_id: Option<Spanned<WrittenAgentId>>,
    pub(super) secret: Option<Spanned<secret::Written>>,
    pub(super) token: Option<Spanned<secret::Written>>,
    pub(super) aes_key: Option<Spanned<secret::Written>>,
    pub(super) receive_ids: Option<Spanned<Vec<Text>>>,
}

/// A number or a word, as text.
#[derive(Debug)]
pub(super) struct WrittenAgentId(pub(super) String);

impl<'de> Deserialize<'de> for WrittenAgentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText)
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = WrittenAgentId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<WrittenAgentId, E> {
        Ok(WrittenAgentId(number.to_string()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WrittenAgentId, E> {
        Ok(WrittenAgentId(text.to_owned()))
    }
}

impl Resolver<'_> {
    /// An application; `before` are those above it in the file.
    pub(super) fn wecom_app(
        &self,
        written: Spanned<Written>,
        before: &[WecomApp],
        warnings: &mut Vec<Message>,
    ) -> Result<WecomApp, ConfigError> {
        const SECTION: &str = "wecom_app";
        let table = written.span();
        let written = written.into_inner();
        let agent = self.document.required(SECTION, "agent_id", written.agent_id, Some(&table))?;
        let span = agent.span();
        let agent_id = AgentId::parse(&agent.get_ref().0)
            .ok_or_else(|| self.document.invalid_value(SECTION, "agent_id", span.clone()))?;
        if let Some(other) = before.iter().find(|other| other.agent_id == agent_id) {
            let why = Message::new(
                format!("第 {} 行的 [[wecom_app]] 已是 {agent_id}；每个应用只写一次", other.line),
                format!("the [[wecom_app]] of line {} is {agent_id} already", other.line),
            );
            return Err(self.document.error_at(SECTION, "agent_id", span, Problem::Unfit(why)));
        }
        let secret = self.document.required(SECTION, "secret", written.secret, Some(&table))?;
        let what = Message::fixed("应用的 Secret ", "the application's secret");
        let secret = self.secret(SECTION, "secret", secret, Some(&what), warnings)?;
        let callback = match (written.token, written.aes_key) {
            (None, None) => {
                if let Some(ids) = written.receive_ids {
                    return Err(self.incomplete_callback("receive_ids", ids.span()));
                }
                None
            }
            (Some(token), None) => return Err(self.incomplete_callback("token", token.span())),
            (None, Some(key)) => return Err(self.incomplete_callback("aes_key", key.span())),
            (Some(token), Some(key)) => {
                let what = Message::fixed("回调的 Token ", "the callbacks' token");
                let token = self.callback_secret("token", token, is_token, &what, warnings)?;
                let what =
                    Message::fixed("回调的 EncodingAESKey ", "the callbacks' EncodingAESKey");
                let aes_key = self.callback_secret("aes_key", key, is_aes_key, &what, warnings)?;
                let receive_ids = match written.receive_ids {
                    None => Vec::new(),
                    Some(ids) => ids
                        .into_inner()
                        .into_iter()
                        .map(|id| {
                            self.document.checked(SECTION, "receive_ids", id, |id| {
                                is_id(id).then(|| id.to_owned())
                            })
                        })
                        .collect::<Result<_, _>>()?,
                };
                Some(CallbackSecrets { token, aes_key, receive_ids })
            }
        };
        let line = self.document.position(table.start).0;
        Ok(WecomApp { agent_id, secret, callback, line })
    }

    /// A secret of known form. The form is checked at once, which finds a secret pasted into the wrong key.
    fn callback_secret(
        &self,
        key: &str,
        written: Spanned<secret::Written>,
        fits: impl Fn(&str) -> bool,
        what: &Message,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        if let secret::Written::Literal(text) = written.get_ref()
            && !fits(text)
        {
            return Err(self.document.invalid_value("wecom_app", key, written.span()));
        }
        self.secret("wecom_app", key, written, Some(what), warnings)
    }

    fn incomplete_callback(&self, key: &str, span: Range<usize>) -> ConfigError {
        let why = Message::fixed(
            "接收回调需要 token 和 aes_key 两项（企业微信“设置接收事件服务器”页面上的 Token 和 EncodingAESKey）；\
             不接收回调的应用请把两项都删除",
            "callbacks need both token and aes_key (Token and EncodingAESKey of the page where WeCom asks for the \
             server that receives events); an application that receives none has neither",
        );
        self.document.error_at("wecom_app", key, span, Problem::Unfit(why))
    }
}
