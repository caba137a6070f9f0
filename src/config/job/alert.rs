//! `[[alert]]`: the channels that receive alerts.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::model::{Language, Message};

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::secret::{self, SecretSource};
use super::value_type::ValueType;
use super::values::Text;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// A delivery was refused.
    Refused,
    /// A run failed, or the job file is broken.
    Failed,
    /// The files are late.
    Late,
    /// The first publication after one of those.
    Recovered,
    /// Members of WeCom differ from the roster in a new way.
    Members,
    /// Nothing: it was sent to try the channel, whatever the channel receives otherwise.
    Test,
}

impl AlertKind {
    /// The kinds that a channel can be sent, in the order of the documentation.
    pub const EVENTS: [AlertKind; 5] = [
        AlertKind::Refused,
        AlertKind::Failed,
        AlertKind::Late,
        AlertKind::Recovered,
        AlertKind::Members,
    ];

    /// The name in job files and documents: `refused`, `failed`, `late`, `recovered`, `members`; `test` in documents only.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Refused => "refused",
            AlertKind::Failed => "failed",
            AlertKind::Late => "late",
            AlertKind::Recovered => "recovered",
            AlertKind::Members => "members",
            AlertKind::Test => "test",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<AlertKind> {
        let mut all = AlertKind::EVENTS.into_iter().chain([AlertKind::Test]);
        all.find(|kind| kind.name() == name)
    }
}

/// A channel that receives alerts.
#[derive(Debug, Clone)]
pub struct AlertChannel {
    /// Its name in logs and in the outbox; unique within a job.
    pub name: String,
    /// Which alerts it receives.
    pub on: Vec<AlertKind>,
    /// The language of what people read; documents carry both.
    pub language: Language,
    /// The recipient.
    pub to: AlertTarget,
}

/// The recipient of a channel.
#[derive(Debug, Clone)]
pub enum AlertTarget {
    /// A robot of a WeCom group. Its URL is a secret, since anyone with it can write to the group.
    WecomRobot {
        /// The URL that WeCom shows when the robot is made.
        url: SecretSource,
    },
    /// An HTTP server that takes the JSON document of `schemas/alert.schema.json` by POST.
    Webhook {
        /// The URL; many services put a secret into it.
        url: SecretSource,
        /// Sent as `Authorization: Bearer ...`.
        bearer: Option<SecretSource>,
        /// A PEM file of the authorities to trust; the public roots by default.
        ca: Option<PathBuf>,
    },
    /// A program that gets the same document on its standard input.
    Command {
        /// The program and its arguments; no shell reads them. A program with a slash in its name is relative
        /// to the job file, one without is looked up in `PATH`.
        argv: Vec<String>,
        /// Timeout after which it is killed, with all that it started.
        timeout: Duration,
    },
}

/// Default timeout of a command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest timeout of a command: one that hangs delays the alerts behind it.
const LONGEST_COMMAND: Duration = Duration::from_secs(300);

const KINDS: &[&str] = &["wecom-robot", "webhook", "command"];
const HTTP: &[&str] = &["wecom-robot", "webhook"];
const WEBHOOK: &[&str] = &["webhook"];
const COMMAND: &[&str] = &["command"];

/// The keys of `[[alert]]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "alert",
        "kind",
        ValueType::Enumeration(KINDS),
        "\"wecom-robot\"、\"webhook\" 或 \"command\"",
        "\"wecom-robot\", \"webhook\" or \"command\"",
    )
    .required(),
    key(
        "alert",
        "name",
        ValueType::String,
        "1 到 64 个字符的单行文本",
        "one line of 1 to 64 characters",
    ),
    key(
        "alert",
        "on",
        ValueType::List(&ValueType::Enumeration(&[
            "refused",
            "failed",
            "late",
            "recovered",
            "members",
        ])),
        "\"refused\"、\"failed\"、\"late\"、\"recovered\"、\"members\" 中的一个或多个",
        "a list of \"refused\", \"failed\", \"late\", \"recovered\", \"members\"",
    )
    .default(r#"["refused", "failed", "late", "recovered", "members"]"#),
    key(
        "alert",
        "language",
        ValueType::Enumeration(&["zh", "en"]),
        "\"zh\" 或 \"en\"",
        "\"zh\" or \"en\"",
    )
    .default(r#""zh""#),
    key(
        "alert",
        "url",
        ValueType::SECRET,
        "{ env = \"变量名\" }、{ file = \"路径\" } 或以 https:// 开头的地址",
        "{ env = \"VARIABLE\" }, { file = \"PATH\" } or an address that begins with https://",
    )
    .for_kinds(HTTP)
    .required_with(HTTP)
    .secret(),
    key("alert.url", "env", ValueType::String, "环境变量名", "the name of an environment variable"),
    key("alert.url", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(
        "alert",
        "bearer",
        ValueType::SECRET,
        "{ env = \"变量名\" } 或 { file = \"路径\" }",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" }",
    )
    .for_kinds(WEBHOOK)
    .secret(),
    key(
        "alert.bearer",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("alert.bearer", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key("alert", "ca", ValueType::String, "PEM 文件的路径", "the path of a PEM file")
        .for_kinds(WEBHOOK),
    key(
        "alert",
        "command",
        ValueType::List(&ValueType::String),
        "程序及其参数，如 [\"/usr/local/bin/notify\", \"--night\"]",
        "a program and its arguments, such as [\"/usr/local/bin/notify\", \"--night\"]",
    )
    .for_kinds(COMMAND)
    .required_with(COMMAND),
    key(
        "alert",
        "timeout",
        ValueType::Duration,
        "不超过 5m 的时长，如 \"10s\"",
        "a duration up to 5m, such as \"10s\"",
    )
    .default(r#""10s""#)
    .for_kinds(COMMAND),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 告警：未发布、运行失败、文件未到、恢复、企业微信成员与代理人的新差异，各通知一次。可配置多个 [[alert]]。
# Alerts: refused, failed, late, recovered, and new differences between WeCom's members and the roster, each sent once. There may
# be several [[alert]].

# 企业微信群机器人。Webhook 地址中含密钥，须像密码一样保管。 / A robot of a WeCom group. Its URL holds a key: treat it as a password.
[[alert]]
kind = "wecom-robot"
url = { env = "OPS_ROBOT_URL" }
# url = { file = "/run/credentials/orgsnap.service/secrets_ops-robot" }
# 通知哪些事件；默认全部 / Which events it is sent; all by default
on = ["refused", "failed", "late", "recovered", "members"]
# 告警内容的语言："zh"（默认）或 "en" / The language of what people read: "zh" (default) or "en"
language = "zh"
# 在日志和发送记录中显示的名称 / Its name in logs and in the ledger of what is unsent
name = "ops-group"

# Webhook：以 POST 发送 JSON（schemas/alert.schema.json） / A webhook: JSON by POST (schemas/alert.schema.json)
[[alert]]
kind = "webhook"
url = "https://ops.example.com/orgsnap"
# 以 Authorization: Bearer 发送 / Sent as Authorization: Bearer
bearer = { env = "OPS_WEBHOOK_TOKEN" }
# bearer = { file = "/run/credentials/orgsnap.service/secrets_ops-token" }
# 服务器证书由私有 CA 签发时填写；默认使用公共根证书 / For a server of a private CA; the public roots by default
ca = "ops-ca.pem"

# 命令：不经 shell 执行；标准输入为同样的 JSON，另有 ORGSNAP_ALERT_KIND 等环境变量；超时即终止。
# A command: no shell; the same JSON on standard input, and ORGSNAP_ALERT_KIND and others in its environment; killed
# when it takes too long.
[[alert]]
kind = "command"
command = ["/usr/local/bin/notify-ops", "--insurer", "00010001"]
timeout = "10s"
on = ["refused", "failed"]

"##;

/// `[[alert]]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) kind: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) on: Option<Spanned<Vec<Text>>>,
    pub(super) language: Option<Text>,
    pub(super) url: Option<Spanned<secret::Written>>,
    pub(super) bearer: Option<Spanned<secret::Written>>,
    pub(super) ca: Option<Text>,
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) timeout: Option<Text>,
}

impl Resolver<'_> {
    pub(super) fn alerts(
        &self,
        written: Vec<Spanned<Written>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Vec<AlertChannel>, ConfigError> {
        let mut channels: Vec<AlertChannel> = Vec::with_capacity(written.len());
        for alert in written {
            let table = alert.span();
            let alert = alert.into_inner();
            let name_span = alert.name.as_ref().map(Spanned::span);
            let channel = self.alert(alert, &table, &channels, warnings)?;
            if channels.iter().any(|other| other.name == channel.name) {
                let why = Message::fixed(
                    "已有同名的 [[alert]]；请另取一个名称",
                    "another [[alert]] has this name; choose a different one",
                );
                let span = name_span.unwrap_or(table);
                return Err(self.document.error_at("alert", "name", span, Problem::Unfit(why)));
            }
            channels.push(channel);
        }
        Ok(channels)
    }

    fn alert(
        &self,
        written: Written,
        table: &Range<usize>,
        before: &[AlertChannel],
        warnings: &mut Vec<Message>,
    ) -> Result<AlertChannel, ConfigError> {
        let kind = self.document.required("alert", "kind", written.kind.clone(), Some(table))?;
        let name = match &written.name {
            Some(name) => self.document.checked("alert", "name", name.clone(), one_line)?,
            None => unused_name(kind.get_ref(), before),
        };
        let on = match &written.on {
            None => AlertKind::EVENTS.to_vec(),
            Some(on) if on.get_ref().is_empty() => {
                return Err(self.document.invalid_value("alert", "on", on.span()));
            }
            Some(on) => on
                .get_ref()
                .iter()
                .map(|kind| {
                    self.document.checked("alert", "on", kind.clone(), |name| {
                        AlertKind::from_name(name).filter(|kind| *kind != AlertKind::Test)
                    })
                })
                .collect::<Result<_, _>>()?,
        };
        let language = match &written.language {
            None => Language::Chinese,
            Some(language) => {
                self.document.checked("alert", "language", language.clone(), |name| match name {
                    "zh" => Some(Language::Chinese),
                    "en" => Some(Language::English),
                    _ => None,
                })?
            }
        };
        let to = match kind.get_ref().as_str() {
            "wecom-robot" => {
                self.document.reject_keys_of_other_kinds("alert", kind.get_ref(), table)?;
                AlertTarget::WecomRobot { url: self.url(&written, table, true, warnings)? }
            }
            "webhook" => {
                self.document.reject_keys_of_other_kinds("alert", kind.get_ref(), table)?;
                let url = self.url(&written, table, false, warnings)?;
                let what = Message::fixed("访问令牌", "the bearer token");
                let bearer = written
                    .bearer
                    .map(|bearer| self.secret("alert", "bearer", bearer, Some(&what), warnings))
                    .transpose()?;
                let ca = written.ca.map(|ca| self.document.resolve_path(ca.get_ref()));
                AlertTarget::Webhook { url, bearer, ca }
            }
            "command" => {
                self.document.reject_keys_of_other_kinds("alert", kind.get_ref(), table)?;
                self.command(written, table)?
            }
            _ => return Err(self.document.invalid_value("alert", "kind", kind.span())),
        };
        Ok(AlertChannel { name, on, language, to })
    }

    fn url(
        &self,
        written: &Written,
        table: &Range<usize>,
        secret: bool,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        let url = self.document.required("alert", "url", written.url.clone(), Some(table))?;
        if let secret::Written::Literal(text) = url.get_ref()
            && !is_url(text)
        {
            return Err(self.document.invalid_value("alert", "url", url.span()));
        }
        let what =
            Message::fixed("群机器人的 Webhook 地址（含密钥）", "the robot's URL, with its key,");
        self.secret("alert", "url", url, secret.then_some(&what), warnings)
    }

    fn command(&self, written: Written, table: &Range<usize>) -> Result<AlertTarget, ConfigError> {
        let command = self.document.required("alert", "command", written.command, Some(table))?;
        let span = command.span();
        let mut argv = command.into_inner();
        let Some(program) = argv.first_mut().filter(|program| !program.is_empty()) else {
            return Err(self.document.invalid_value("alert", "command", span));
        };
        if program.contains('/') {
            *program = self.document.resolve_path(program).display().to_string();
        }
        if argv.iter().any(|argument| argument.contains('\0')) {
            return Err(self.document.invalid_value("alert", "command", span));
        }
        let timeout = match written.timeout {
            None => COMMAND_TIMEOUT,
            Some(timeout) => self.document.checked("alert", "timeout", timeout, |text| {
                quantity::duration(text).filter(|timeout| *timeout <= LONGEST_COMMAND)
            })?,
        };
        Ok(AlertTarget::Command { argv, timeout })
    }
}

fn one_line(text: &str) -> Option<String> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then(|| text.to_owned())
}

/// `webhook`, `webhook-2` and so on.
fn unused_name(kind: &str, before: &[AlertChannel]) -> String {
    let mut name = kind.to_owned();
    let mut number = 1;
    while before.iter().any(|channel| channel.name == name) {
        number += 1;
        name = format!("{kind}-{number}");
    }
    name
}

/// Whether a text looks like a URL; the sender parses it in full.
fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|rest| !rest.is_empty())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}
