//! What a job file says of the insurer's WeCom: the enterprise, its applications, where callbacks come in.

use std::fmt;
use std::ops::Range;

use toml::Spanned;

use crate::model::Message;

use super::resolver::Resolver;
use super::written::{self, Text};
use super::{ConfigError, Problem, SecretSource};

/// The insurer's WeCom.
#[derive(Debug, Clone, Default)]
pub struct Wecom {
    /// `CorpID` of the enterprise. Without it there are no applications.
    pub corp_id: Option<String>,
    /// What the insurer's proxy is reached by, without a slash at its end, such as `https://wecom.example.com`.
    pub public_url: Option<String>,
    /// The applications, in the order of the file; no two have the same agent id.
    pub apps: Vec<WecomApp>,
    /// The files by which WeCom sees that the domain is the insurer's, no two of the same name.
    pub domain_verification: Vec<DomainVerification>,
}

/// An application of the enterprise.
#[derive(Debug, Clone)]
pub struct WecomApp {
    /// Which it is.
    pub agent_id: AgentId,
    /// Its secret, for calls of WeCom's API.
    pub secret: SecretSource,
    /// How its callbacks are told from forgeries; an application without it is complete and receives none.
    pub callback: Option<CallbackSecrets>,
    /// Line of its table in the job file, 1-based.
    pub line: usize,
}

/// What WeCom and the receiver of its callbacks share.
#[derive(Debug, Clone)]
pub struct CallbackSecrets {
    /// `Token`: up to 32 letters and digits.
    pub token: SecretSource,
    /// `EncodingAESKey`: 43 letters and digits.
    pub aes_key: SecretSource,
    /// Receive ids that are right besides the corp id. The empty one is that of robots and of third parties with
    /// a personal subject; suites have their own.
    pub receive_ids: Vec<String>,
}

/// Which application of the enterprise. `Display` gives it as it stands in a callback's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentId {
    /// An application that the enterprise made, by its number.
    Number(u64),
    /// `chengyuan`: the contacts' synchronisation.
    Contacts,
    /// `kehu`: the customers.
    Customers,
}

impl AgentId {
    /// Reads `chengyuan`, `kehu` or a number.
    pub fn parse(text: &str) -> Option<AgentId> {
        match text {
            "chengyuan" => Some(AgentId::Contacts),
            "kehu" => Some(AgentId::Customers),
            // No sign and no leading zero, so that one id is written in one way.
            _ if text.starts_with(|c: char| c.is_ascii_digit() && c != '0') => {
                text.parse().ok().map(AgentId::Number)
            }
            _ => None,
        }
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AgentId::Number(number) => number.fmt(f),
            AgentId::Contacts => f.write_str("chengyuan"),
            AgentId::Customers => f.write_str("kehu"),
        }
    }
}

/// A file at the root of the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainVerification {
    /// `WW_verify_XXXX.txt`.
    pub file: String,
    /// What is in it: `XXXX`, unless the job says otherwise.
    pub content: String,
}

/// Whether the text can be WeCom's `Token`.
pub fn is_token(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether the text can be WeCom's `EncodingAESKey`.
pub fn is_aes_key(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl Resolver<'_> {
    pub(super) fn wecom(
        &self,
        corp_id: Option<Text>,
        public_url: Option<Text>,
        apps: Vec<Spanned<written::WecomApp>>,
        files: Vec<Spanned<written::DomainVerification>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Wecom, ConfigError> {
        let corp_id = match (corp_id, apps.first()) {
            (None, None) => None,
            (None, Some(app)) => {
                Some(self.document.needed("", "corp_id", None, Some(&app.span()))?)
            }
            (Some(id), _) => Some(self.document.checked("", "corp_id", id, |id| {
                is_id(id).then(|| id.to_owned()).filter(|id| !id.is_empty())
            })?),
        };
        let public_url = public_url
            .map(|url| self.document.checked("", "public_url", url, base_url))
            .transpose()?;
        let mut resolved: Vec<WecomApp> = Vec::with_capacity(apps.len());
        for app in apps {
            let app = self.wecom_app(app, &resolved, warnings)?;
            resolved.push(app);
        }
        let mut domain_verification: Vec<DomainVerification> = Vec::with_capacity(files.len());
        for file in files {
            let file = self.domain_verification(file, &domain_verification)?;
            domain_verification.push(file);
        }
        Ok(Wecom { corp_id, public_url, apps: resolved, domain_verification })
    }

    fn wecom_app(
        &self,
        written: Spanned<written::WecomApp>,
        before: &[WecomApp],
        warnings: &mut Vec<Message>,
    ) -> Result<WecomApp, ConfigError> {
        const SECTION: &str = "wecom_app";
        let table = written.span();
        let written = written.into_inner();
        let agent = self.document.needed(SECTION, "agent_id", written.agent_id, Some(&table))?;
        let span = agent.span();
        let agent_id = AgentId::parse(&agent.get_ref().0)
            .ok_or_else(|| self.document.bad(SECTION, "agent_id", span.clone()))?;
        if let Some(other) = before.iter().find(|other| other.agent_id == agent_id) {
            let why = Message::new(
                format!("第 {} 行的 [[wecom_app]] 已是 {agent_id}；每个应用只写一次", other.line),
                format!("the [[wecom_app]] of line {} is {agent_id} already", other.line),
            );
            return Err(self.document.at(SECTION, "agent_id", span, Problem::Unfit(why)));
        }
        let secret = self.document.needed(SECTION, "secret", written.secret, Some(&table))?;
        let what = Message::fixed("应用的 Secret ", "the application's secret");
        let secret = self.secret(SECTION, "secret", secret, Some(&what), warnings)?;
        let callback = match (written.token, written.aes_key) {
            (None, None) => {
                if let Some(ids) = written.receive_ids {
                    return Err(self.half("receive_ids", ids.span()));
                }
                None
            }
            (Some(token), None) => return Err(self.half("token", token.span())),
            (None, Some(key)) => return Err(self.half("aes_key", key.span())),
            (Some(token), Some(key)) => {
                let what = Message::fixed("回调的 Token ", "the callbacks' token");
                let token = self.shared("token", token, is_token, &what, warnings)?;
                let what =
                    Message::fixed("回调的 EncodingAESKey ", "the callbacks' EncodingAESKey");
                let aes_key = self.shared("aes_key", key, is_aes_key, &what, warnings)?;
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

    /// A secret whose form is known, so that one pasted into the wrong place is found at once.
    fn shared(
        &self,
        key: &str,
        written: Spanned<written::Secret>,
        fits: impl Fn(&str) -> bool,
        what: &Message,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        if let written::Secret::Literal(text) = written.get_ref()
            && !fits(text)
        {
            return Err(self.document.bad("wecom_app", key, written.span()));
        }
        self.secret("wecom_app", key, written, Some(what), warnings)
    }

    fn half(&self, key: &str, span: Range<usize>) -> ConfigError {
        let why = Message::fixed(
            "接收回调需要 token 和 aes_key 两项（企业微信「设置接收事件服务器」页面上的 Token 和 EncodingAESKey）；\
             不接收回调的应用请把两项都删去",
            "callbacks need both token and aes_key (Token and EncodingAESKey of the page where WeCom asks for the \
             server that receives events); an application that receives none has neither",
        );
        self.document.at("wecom_app", key, span, Problem::Unfit(why))
    }

    fn domain_verification(
        &self,
        written: Spanned<written::DomainVerification>,
        before: &[DomainVerification],
    ) -> Result<DomainVerification, ConfigError> {
        const SECTION: &str = "domain_verification";
        let table = written.span();
        let written = written.into_inner();
        let file = self.document.needed(SECTION, "file", written.file, Some(&table))?;
        let span = file.span();
        let (file, derived) = self.document.checked(SECTION, "file", file, |name| {
            let code = name.strip_prefix("WW_verify_")?.strip_suffix(".txt")?;
            (is_id(code) && !code.is_empty()).then(|| (name.to_owned(), code.to_owned()))
        })?;
        if before.iter().any(|other| other.file == file) {
            let why = Message::fixed("同名文件已写过一次", "this file is given twice");
            return Err(self.document.at(SECTION, "file", span, Problem::Unfit(why)));
        }
        let content = match written.content {
            None => derived,
            Some(content) => self.document.checked(SECTION, "content", content, |text| {
                let fits = (1..=1_024).contains(&text.len());
                fits.then(|| text.to_owned())
            })?,
        };
        Ok(DomainVerification { file, content })
    }
}

/// Whether the text is what ids of WeCom are made of. An empty one is.
fn is_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// An address that paths can be appended to.
fn base_url(text: &str) -> Option<String> {
    let base = text.trim_end_matches('/');
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_graphic() && !"?#@\"<>\\^`{|}".contains(c);
    (rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && rest.chars().all(plain))
        .then(|| base.to_owned())
}
