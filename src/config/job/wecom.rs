//! The insurer's WeCom, resolved: the enterprise, its applications and the address of callbacks.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::cron::Cron;
use super::secret::SecretSource;

/// The insurer's WeCom.
#[derive(Debug, Clone, Default)]
pub struct Wecom {
    /// `CorpID` of the enterprise. Without it there are no applications.
    pub corp_id: Option<String>,
    /// Public base URL of the insurer's proxy, without a slash at its end, such as `https://wecom.example.com`.
    pub public_url: Option<String>,
    /// The applications, in the order of the file; no two have the same agent id.
    pub apps: Vec<WecomApp>,
    /// The files by which WeCom verifies the domain; their names are unique.
    pub domain_verification: Vec<DomainVerification>,
    /// Where calls of WeCom's API go.
    pub api: ApiAddresses,
    /// The official accounts and mini programs; no two have the same appid.
    pub accounts: Vec<PlatformAccount>,
    /// How members log in; nobody does without it. The job then has a public address, and the application.
    pub login: Option<LoginSettings>,
    /// When `serve` compares the members with the roster; never by default.
    pub reconcile: Option<Cron>,
    /// How a member's user id follows from an agent.
    pub roster: RosterMapping,
}

/// The servers of WeCom and of official accounts, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAddresses {
    /// WeCom's API.
    pub api_url: String,
    /// The API of official accounts and mini programs.
    pub mp_api_url: String,
    /// The page that asks a member who it is.
    pub authorize_url: String,
    /// A PEM file of the authorities to trust; the public roots by default.
    pub ca: Option<PathBuf>,
}

impl Default for ApiAddresses {
    fn default() -> ApiAddresses {
        ApiAddresses {
            api_url: "https://qyapi.weixin.qq.com".to_owned(),
            mp_api_url: "https://api.weixin.qq.com".to_owned(),
            authorize_url: "https://open.weixin.qq.com".to_owned(),
            ca: None,
        }
    }
}

/// Which kind of account of the WeChat platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// An official account: `[[official_account]]`.
    OfficialAccount,
    /// A mini program: `[[mini_program]]`.
    MiniProgram,
}

impl AccountKind {
    /// The name of its table in a job file.
    pub fn table(self) -> &'static str {
        match self {
            AccountKind::OfficialAccount => "official_account",
            AccountKind::MiniProgram => "mini_program",
        }
    }
}

/// An official account or a mini program that the insurer gives to the vendor.
#[derive(Debug, Clone)]
pub struct PlatformAccount {
    /// Which of the two.
    pub kind: AccountKind,
    /// Its AppID: `wx` and 16 further letters and digits.
    pub app_id: String,
    /// Its name, for reports.
    pub name: Option<String>,
    /// Its AppSecret.
    pub secret: SecretSource,
    /// Line of its table in the job file, 1-based.
    pub line: usize,
}

/// The login of members by WeCom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// The application in which members open the pages; it has a `[[wecom_app]]`.
    pub agent_id: u64,
    /// The domains of the pages, besides that of the public address: in lower case, with the port if there is one.
    pub domains: Vec<String>,
    /// How long a session lasts.
    pub lifetime: Duration,
}

/// An application of the enterprise.
#[derive(Debug, Clone)]
pub struct WecomApp {
    /// Its agent id.
    pub agent_id: AgentId,
    /// Its secret, for calls of WeCom's API.
    pub secret: SecretSource,
    /// How its callbacks are authenticated; an application without it is complete and receives none.
    pub callback: Option<CallbackSecrets>,
    /// Line of its table in the job file, 1-based.
    pub line: usize,
}

/// The secrets that WeCom shares with the receiver of its callbacks.
#[derive(Debug, Clone)]
pub struct CallbackSecrets {
    /// `Token`: up to 32 letters and digits.
    pub token: SecretSource,
    /// `EncodingAESKey`: 43 letters and digits.
    pub aes_key: SecretSource,
    /// Receive ids that are accepted besides the corp id. Robots and third parties with a personal subject have
    /// the empty one; suites have their own.
    pub receive_ids: Vec<String>,
}

/// How a member's user id follows from an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterMapping {
    /// The field of the agents' file, or its column, that holds the user id; the agent's id by default.
    pub field: Option<String>,
    /// What stands before it in the user id; empty by default.
    pub prefix: String,
    /// Whether upper and lower case differ.
    pub case: IdCase,
}

/// Whether upper and lower case of user ids differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdCase {
    /// They do not, as WeCom has it.
    #[default]
    Ignore,
    /// They do.
    Exact,
}

/// Identifies an application of the enterprise. `Display` writes it as in a callback's path.
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
    /// Its content; `XXXX` by default.
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

/// Whether the text has only characters of WeCom ids. An empty text is allowed.
pub(super) fn is_id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
