//! The settings of a job that are in force, key by key, each with its origin. Secrets are never among the values.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::model::{Message, PerFeed};

use super::document::{Document, unreadable};
use super::error::ConfigError;
use super::key::Key;
use super::resolved::Job;
use super::secret::{SecretFrom, SecretSource};
use super::source::{Ready, Source};
use super::value_type::ValueType;
use super::{alert, keys, resolve, unset};

/// A setting in force, or a key that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The table: empty at the top level, or such as `source` or `alert`.
    pub table: &'static str,
    /// Which of the tables of that name, from 0, where there may be several; `None` if there is none.
    pub index: Option<usize>,
    /// The key within the table, that of an inner table with a dot: `timeout`, `password.env`.
    pub key: String,
    /// The value as TOML; `None` if there is none, or if it is a secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// For the place of a secret: whether there is one. Of a file it is not known, because none is opened.
    pub secret: Option<SecretState>,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This line of the job file, 1-based.
    Line(usize),
    /// It is not written, and has a fixed default.
    Default,
    /// It is not written, and follows from other settings.
    Derived(Message),
    /// It is not written, and there is no value, or it has no meaning here.
    Unset(Message),
}

/// What is known of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretState {
    /// The text itself is in the job file.
    Literal,
    /// The environment variable is set.
    VariableSet,
    /// The environment variable is not set, or empty.
    VariableNotSet,
    /// It is in a file, which is not opened.
    File,
}

/// What other modules know of settings that a job file may leave out.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The files' names in the schema.
    pub file_names: PerFeed<&'a str>,
    /// The rules, each with its level unless the job sets it.
    pub rules: Vec<(&'a str, &'a str)>,
}

/// The settings of a job file, in the order of the documentation: every key that a job file can have.
///
/// # Errors
/// As [`load`](super::load).
pub fn settings_in_force(
    job: &Job,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Setting>, ConfigError> {
    let path = &job.path;
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    of_text(path, &text, job, surroundings)
}

/// The settings of the text of a job file, which was resolved to `job`.
pub(super) fn of_text(
    path: &Path,
    text: &str,
    job: &Job,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Setting>, ConfigError> {
    let text = resolve::without_bom(text);
    let document = Document { path, text, keys: keys::TABLE };
    let root = DeTable::parse(text).map_err(|error| document.explain(&error))?;
    let listing = Listing { document, job, surroundings };
    let mut settings = Vec::new();
    for section in keys::TABLE.0 {
        let own = section.keys.iter().flat_map(|keys| keys.iter());
        let own: Vec<&'static Key> = own.collect();
        let Some(first) = own.first().copied().or(section.any_key) else { continue };
        let table = first.section;
        if table == "rules" {
            listing.rules(root.get_ref(), &mut settings);
            continue;
        }
        let written: Vec<Option<&DeTable<'_>>> = match table {
            "" => vec![Some(root.get_ref())],
            _ => tables(root.get_ref(), table),
        };
        for (index, written) in written.into_iter().enumerate() {
            let index = (listing.repeats(table) && written.is_some()).then_some(index);
            for key in &own {
                listing.push(table, index, written, key, &mut settings);
            }
        }
        if let Some(any) = section.any_key {
            listing.of_any_key(root.get_ref(), table, any, &mut settings);
        }
    }
    Ok(settings)
}

/// The tables of that name, which may be that of an inner table with a dot; a single `None` if there is none.
fn tables<'a>(root: &'a DeTable<'a>, name: &str) -> Vec<Option<&'a DeTable<'a>>> {
    if let Some((outer, inner)) = name.split_once('.') {
        let outer = root.get(outer).and_then(|value| value.get_ref().as_table());
        return outer.map_or_else(|| vec![None], |outer| tables(outer, inner));
    }
    match root.get(name).map(|value| value.get_ref()) {
        Some(DeValue::Table(table)) => vec![Some(table)],
        Some(DeValue::Array(items)) if !items.is_empty() => {
            items.iter().map(|item| item.get_ref().as_table()).collect()
        }
        _ => vec![None],
    }
}

/// What is known while the settings are listed.
struct Listing<'a> {
    document: Document<'a>,
    job: &'a Job,
    surroundings: &'a Surroundings<'a>,
}

impl Listing<'_> {
    fn repeats(&self, table: &str) -> bool {
        keys::TABLE.keys().any(|key| {
            key.section.is_empty() && key.name == table && matches!(key.value, ValueType::Tables)
        })
    }

    /// Adds the setting of one key of a table, unless it is a table itself, whose keys stand for it.
    fn push(
        &self,
        table: &'static str,
        index: Option<usize>,
        written: Option<&DeTable<'_>>,
        key: &Key,
        settings: &mut Vec<Setting>,
    ) {
        if matches!(key.value, ValueType::Table | ValueType::Tables) {
            return;
        }
        let inner = key.section.strip_prefix(table).unwrap_or_default().trim_start_matches('.');
        let name = match inner {
            "" => key.name.to_owned(),
            inner => format!("{inner}.{}", key.name),
        };
        let setting = |value, origin, secret| Setting {
            table,
            index,
            key: name.clone(),
            value,
            origin,
            secret,
        };
        let outer = written.and_then(|written| written.get(inner)).map(|value| value.get_ref());
        let holder = match inner {
            "" => written,
            _ => outer.and_then(DeValue::as_table),
        };
        let found = holder.and_then(|holder| holder.get(key.name));
        if let Some(found) = found {
            if found.get_ref().as_table().is_some() {
                return;
            }
            let line = self.document.position(found.span().start).0;
            let hidden = keys::TABLE.is_secret(key.section, key.name);
            let value = (!hidden).then(|| as_toml(found.get_ref()));
            let state = self.secret_state(table, index, inner, key, hidden);
            settings.push(setting(value, Origin::Line(line), state));
            return;
        }
        let (value, origin) = self.unwritten(table, index, written, inner, key);
        settings.push(setting(value, origin, None));
    }

    /// The value of a key that is not written, and where it comes from.
    fn unwritten(
        &self,
        table: &str,
        index: Option<usize>,
        written: Option<&DeTable<'_>>,
        inner: &str,
        key: &Key,
    ) -> (Option<String>, Origin) {
        let none = |why: Message| (None, Origin::Unset(why));
        let is_absent = !written.is_some_and(|t| t.contains_key(inner));
        match (table, inner) {
            ("report", "reply") if is_absent => return none(unset::no_reply()),
            ("wecom", "login") if is_absent => return none(unset::no_login()),
            _ => {}
        }
        let Some(written) = written else {
            // Every key of these has a default.
            return match (
                ["archive", "format", "gate", "limits", "report", "wecom"].contains(&table),
                key.default,
            ) {
                (true, Some(default)) => (Some(default.to_owned()), Origin::Default),
                (true, None) => none(unset::meaning(key.section, key.name)),
                _ => none(unset::no_table(table, self.repeats(table))),
            };
        };
        let kind = written.get("kind").and_then(|kind| kind.get_ref().as_str());
        let outer = keys::TABLE.keys().find(|outer| outer.section == table && outer.name == inner);
        if let Some(kind) = kind
            && !(key.applies_to(kind) && outer.is_none_or(|outer| outer.applies_to(kind)))
        {
            return none(unset::other_kind(kind));
        }
        let has = |name: &str| written.contains_key(name);
        let ready = written.get("ready").map(|value| value.get_ref());
        let stable = ready.and_then(DeValue::as_table).is_some_and(|t| t.contains_key("stable"));
        match (table, inner, key.name) {
            ("source", "ready", "polls" | "min_size") if !stable => none(unset::only_with_stable()),
            ("wecom_app", "", "receive_ids") if !has("token") => none(unset::no_callbacks()),
            _ => match (key.default, self.derived(table, index, inner, key.name)) {
                (Some(default), _) => (Some(default.to_owned()), Origin::Default),
                (None, Some((value, from))) => (Some(value), Origin::Derived(from)),
                (None, None) => none(unset::meaning(key.section, key.name)),
            },
        }
    }

    /// A value that follows from other settings, and from which.
    fn derived(
        &self,
        table: &str,
        index: Option<usize>,
        inner: &str,
        name: &str,
    ) -> Option<(String, Message)> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let from_kind = || Message::fixed("由 kind 得出", "follows from kind");
        let job = self.job;
        match (table, inner, name) {
            ("source", "", "port") => match job.source.as_ref()? {
                Source::Dir { .. } => None,
                Source::Ftp(account) => Some((account.port.to_string(), from_kind())),
                Source::Sftp(account) => Some((account.port.to_string(), from_kind())),
            },
            ("source", "", "ready") => {
                let value = match &job.source.as_ref()?.fetching().ready {
                    Ready::Now => quoted("now"),
                    Ready::Stable { wait, polls, min_size } => format!(
                        "{{ stable = \"{}s\", polls = {polls}, min_size = \"{min_size}B\" }}",
                        wait.as_secs()
                    ),
                    Ready::Marker(_) => return None,
                };
                Some((value, from_kind()))
            }
            ("source", "files", feed) => {
                let feed = crate::model::Feed::from_name(feed)?;
                let from = Message::fixed("由 schema 得出", "follows from schema");
                Some((quoted(self.surroundings.file_names[feed]), from))
            }
            ("alert", "", "name") => {
                let channel = job.alerts.get(index?)?;
                Some((quoted(&channel.name), from_kind()))
            }
            ("domain_verification", "", "content") => {
                let file = job.wecom.domain_verification.get(index?)?;
                let from = Message::fixed("由 file 得出", "follows from file");
                Some((quoted(&file.content), from))
            }
            _ => None,
        }
    }

    /// The entries of a table whose keys are names of fields or forests, as far as they are written.
    fn of_any_key(
        &self,
        root: &DeTable<'_>,
        table: &'static str,
        any: &Key,
        settings: &mut Vec<Setting>,
    ) {
        let inner = any.section.strip_prefix(table).unwrap_or_default().trim_start_matches('.');
        let mut written = tables(root, table).pop().flatten();
        if !inner.is_empty() {
            let outer = written.and_then(|written| written.get(inner));
            written = outer.and_then(|outer| outer.get_ref().as_table());
        }
        for (name, value) in written.into_iter().flatten() {
            let name = key_as_toml(name.get_ref());
            let key = if inner.is_empty() { name } else { format!("{inner}.{name}") };
            settings.push(Setting {
                table,
                index: None,
                key,
                value: Some(as_toml(value.get_ref())),
                origin: Origin::Line(self.document.position(value.span().start).0),
                secret: None,
            });
        }
    }

    /// Every rule with its level.
    fn rules(&self, root: &DeTable<'_>, settings: &mut Vec<Setting>) {
        let written = tables(root, "rules").pop().flatten();
        for (name, level) in &self.surroundings.rules {
            let found = written.and_then(|written| written.get(*name));
            let (value, origin) = match found {
                Some(found) => {
                    let line = self.document.position(found.span().start).0;
                    (as_toml(found.get_ref()), Origin::Line(line))
                }
                None => (toml::Value::from(*level).to_string(), Origin::Default),
            };
            settings.push(Setting {
                table: "rules",
                index: None,
                key: (*name).to_owned(),
                value: Some(value),
                origin,
                secret: None,
            });
        }
    }

    /// What is known of the secret that a key holds or names.
    fn secret_state(
        &self,
        table: &str,
        index: Option<usize>,
        inner: &str,
        key: &Key,
        hidden: bool,
    ) -> Option<SecretState> {
        if hidden {
            return Some(SecretState::Literal);
        }
        if !keys::TABLE.is_secret(table, inner) {
            return None;
        }
        match (key.name, self.secret(table, index, inner).map(|secret| &secret.from)) {
            ("env", Some(SecretFrom::Env(_, Some(value)))) if !value.expose().is_empty() => {
                Some(SecretState::VariableSet)
            }
            ("env", _) => Some(SecretState::VariableNotSet),
            _ => Some(SecretState::File),
        }
    }

    fn secret(&self, table: &str, index: Option<usize>, name: &str) -> Option<&SecretSource> {
        let job = self.job;
        match table {
            "source" => match (job.source.as_ref()?, name) {
                (Source::Ftp(account), _) => Some(&account.password),
                (Source::Sftp(account), "password") => account.password.as_ref(),
                (Source::Sftp(account), _) => account.key_passphrase.as_ref(),
                (Source::Dir { .. }, _) => None,
            },
            "alert" => match (&job.alerts.get(index?)?.to, name) {
                (alert::AlertTarget::Webhook { bearer, .. }, "bearer") => bearer.as_ref(),
                (alert::AlertTarget::Webhook { url, .. }, _)
                | (alert::AlertTarget::WecomRobot { url }, _) => Some(url),
                (alert::AlertTarget::Command { .. }, _) => None,
            },
            "store" => Some(&job.store.as_ref()?.url),
            "wecom_app" => {
                let app = job.wecom.apps.get(index?)?;
                match name {
                    "secret" => Some(&app.secret),
                    "token" => app.callback.as_ref().map(|callback| &callback.token),
                    _ => app.callback.as_ref().map(|callback| &callback.aes_key),
                }
            }
            "official_account" | "mini_program" => {
                let accounts = job.wecom.accounts.iter();
                let mut accounts = accounts.filter(|account| account.kind.table() == table);
                accounts.nth(index?).map(|account| &account.secret)
            }
            "lake.s3" => {
                let s3 = &job.lake.as_ref()?.s3;
                match name {
                    "access_key" => s3.access_key.as_ref(),
                    _ => s3.secret_key.as_ref(),
                }
            }
            "wecom.archive" => {
                let archive = job.wecom.archive.as_ref()?;
                match name {
                    "secret" => Some(&archive.secret),
                    _ => archive.proxy_password.as_ref(),
                }
            }
            _ => None,
        }
    }
}

/// A value as TOML on one line.
fn as_toml(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml::Value::from(text.as_ref()).to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| as_toml(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                format!("{} = {}", key_as_toml(key), as_toml(value.get_ref()))
            };
            let entries: Vec<String> = table.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A key as TOML, in quotes where it needs them.
fn key_as_toml(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match !key.is_empty() && key.bytes().all(is_bare) {
        true => key.to_owned(),
        false => toml::Value::from(key).to_string(),
    }
}
