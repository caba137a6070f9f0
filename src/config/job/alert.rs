//! Whom a job alerts, of what, and how: the `[[alert]]` tables.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::model::{Language, Message};

use super::resolver::Resolver;
use super::written;
use super::{ConfigError, Problem, SecretSource, quantity};

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
}

impl AlertKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [AlertKind; 4] =
        [AlertKind::Refused, AlertKind::Failed, AlertKind::Late, AlertKind::Recovered];

    /// The name in job files and documents: `refused`, `failed`, `late`, `recovered`.
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::Refused => "refused",
            AlertKind::Failed => "failed",
            AlertKind::Late => "late",
            AlertKind::Recovered => "recovered",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<AlertKind> {
        AlertKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One way on which alerts go out.
#[derive(Debug, Clone)]
pub struct AlertChannel {
    /// Its name in logs and in the ledger of what is unsent; no two channels of a job share one.
    pub name: String,
    /// What it is told of.
    pub on: Vec<AlertKind>,
    /// The language of what people read; documents carry both.
    pub language: Language,
    /// Where to.
    pub to: AlertTarget,
}

/// Where a channel leads.
#[derive(Debug, Clone)]
pub enum AlertTarget {
    /// A robot of a WeCom group. Whoever knows its URL can write to the group, so the URL is a secret.
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
        /// After so long it is killed, with all that it started.
        timeout: Duration,
    },
}

/// How long a command may take unless the job says otherwise.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a command may be given: one that hangs holds up the alerts behind it.
const LONGEST_COMMAND: Duration = Duration::from_secs(300);

impl Resolver<'_> {
    pub(super) fn alerts(
        &self,
        written: Vec<Spanned<written::Alert>>,
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
                return Err(self.document.at("alert", "name", span, Problem::Unfit(why)));
            }
            channels.push(channel);
        }
        Ok(channels)
    }

    fn alert(
        &self,
        written: written::Alert,
        table: &Range<usize>,
        before: &[AlertChannel],
        warnings: &mut Vec<Message>,
    ) -> Result<AlertChannel, ConfigError> {
        let kind = self.document.needed("alert", "kind", written.kind.clone(), Some(table))?;
        let name = match &written.name {
            Some(name) => self.document.checked("alert", "name", name.clone(), one_line)?,
            None => unused_name(kind.get_ref(), before),
        };
        let on = match &written.on {
            None => AlertKind::ALL.to_vec(),
            Some(on) if on.get_ref().is_empty() => {
                return Err(self.document.bad("alert", "on", on.span()));
            }
            Some(on) => on
                .get_ref()
                .iter()
                .map(|kind| {
                    self.document.checked("alert", "on", kind.clone(), AlertKind::from_name)
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
                self.no_stray(&written, &["bearer", "ca", "command", "timeout"], kind.get_ref())?;
                AlertTarget::WecomRobot { url: self.url(&written, table, true, warnings)? }
            }
            "webhook" => {
                self.no_stray(&written, &["command", "timeout"], kind.get_ref())?;
                let url = self.url(&written, table, false, warnings)?;
                let what = Message::fixed("访问令牌", "the bearer token");
                let bearer = written
                    .bearer
                    .map(|bearer| self.secret("alert", "bearer", bearer, Some(&what), warnings))
                    .transpose()?;
                let ca = written.ca.map(|ca| self.document.beside(ca.get_ref()));
                AlertTarget::Webhook { url, bearer, ca }
            }
            "command" => {
                self.no_stray(&written, &["url", "bearer", "ca"], kind.get_ref())?;
                self.command(written, table)?
            }
            _ => return Err(self.document.bad("alert", "kind", kind.span())),
        };
        Ok(AlertChannel { name, on, language, to })
    }

    fn url(
        &self,
        written: &written::Alert,
        table: &Range<usize>,
        secret: bool,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        let url = self.document.needed("alert", "url", written.url.clone(), Some(table))?;
        if let written::Secret::Literal(text) = url.get_ref()
            && !is_url(text)
        {
            return Err(self.document.bad("alert", "url", url.span()));
        }
        let what = Message::fixed("群机器人的地址（内含密钥）", "the robot's URL, with its key,");
        self.secret("alert", "url", url, secret.then_some(&what), warnings)
    }

    fn command(
        &self,
        written: written::Alert,
        table: &Range<usize>,
    ) -> Result<AlertTarget, ConfigError> {
        let command = self.document.needed("alert", "command", written.command, Some(table))?;
        let span = command.span();
        let mut argv = command.into_inner();
        let Some(program) = argv.first_mut().filter(|program| !program.is_empty()) else {
            return Err(self.document.bad("alert", "command", span));
        };
        if program.contains('/') {
            *program = self.document.beside(program).display().to_string();
        }
        if argv.iter().any(|argument| argument.contains('\0')) {
            return Err(self.document.bad("alert", "command", span));
        }
        let timeout = match written.timeout {
            None => COMMAND_TIMEOUT,
            Some(timeout) => self.document.checked("alert", "timeout", timeout, |text| {
                quantity::duration(text).filter(|timeout| *timeout <= LONGEST_COMMAND)
            })?,
        };
        Ok(AlertTarget::Command { argv, timeout })
    }

    /// Complains of keys that mean nothing with this kind.
    fn no_stray(
        &self,
        written: &written::Alert,
        stray: &[&str],
        kind: &str,
    ) -> Result<(), ConfigError> {
        let spans = [
            ("url", written.url.as_ref().map(Spanned::span)),
            ("bearer", written.bearer.as_ref().map(Spanned::span)),
            ("ca", written.ca.as_ref().map(Spanned::span)),
            ("command", written.command.as_ref().map(Spanned::span)),
            ("timeout", written.timeout.as_ref().map(Spanned::span)),
        ];
        match spans
            .into_iter()
            .find_map(|(key, span)| Some((key, span?)).filter(|(key, _)| stray.contains(key)))
        {
            None => Ok(()),
            Some((key, span)) => {
                let why = Message::new(
                    format!("kind = \"{kind}\" 时没有意义；请删去"),
                    format!("means nothing with kind = \"{kind}\"; take it out"),
                );
                Err(self.document.at("alert", key, span, Problem::Unfit(why)))
            }
        }
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

/// Whether a text may be a URL; the sender reads it in full.
fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|rest| !rest.is_empty())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}
