//! A job file as it is written: the TOML and nothing else.
//!
//! All keys are optional here, and quantities are text; `resolve` says what is missing or ill-formed.
//! There is no `flatten` and no `untagged`: both would lose the place of an error.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A text with its place.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) tenant: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) timezone: Option<Text>,
    pub(super) schema: Option<Text>,
    pub(super) source: Option<Spanned<Source>>,
    pub(super) format: Option<Format>,
    pub(super) schedule: Option<Spanned<Schedule>>,
    pub(super) gate: Option<Gate>,
    pub(super) limits: Option<Limits>,
    pub(super) rules: Option<BTreeMap<String, Text>>,
    pub(super) alert: Option<Vec<Spanned<Alert>>>,
    pub(super) corp_id: Option<Text>,
    pub(super) public_url: Option<Text>,
    pub(super) wecom_app: Option<Vec<Spanned<WecomApp>>>,
    pub(super) domain_verification: Option<Vec<Spanned<DomainVerification>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) kind: Option<Text>,
    pub(super) host: Option<Text>,
    pub(super) port: Option<Spanned<u16>>,
    pub(super) path: Option<Text>,
    pub(super) username: Option<Text>,
    pub(super) password: Option<Spanned<Secret>>,
    pub(super) tls: Option<Spanned<Tls>>,
    pub(super) ready: Option<Spanned<Ready>>,
    pub(super) timeout: Option<Text>,
    pub(super) attempts: Option<Spanned<u32>>,
    pub(super) retry_wait: Option<Text>,
    pub(super) deadline: Option<Text>,
    pub(super) bandwidth: Option<Text>,
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) files: Option<Spanned<BTreeMap<String, Text>>>,
    pub(super) encoding: Option<Text>,
    pub(super) freshness: Option<Text>,
    pub(super) key: Option<Spanned<Key>>,
    pub(super) key_passphrase: Option<Spanned<Secret>>,
    pub(super) host_key: Option<Text>,
}

/// The place of a private key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) file: Option<Text>,
}

impl Source {
    /// Every key but `kind` with its place, where it is written.
    pub(super) fn places(&self) -> Vec<(&'static str, Range<usize>)> {
        let places = [
            ("host", self.host.as_ref().map(Spanned::span)),
            ("port", self.port.as_ref().map(Spanned::span)),
            ("path", self.path.as_ref().map(Spanned::span)),
            ("username", self.username.as_ref().map(Spanned::span)),
            ("password", self.password.as_ref().map(Spanned::span)),
            ("tls", self.tls.as_ref().map(Spanned::span)),
            ("ready", self.ready.as_ref().map(Spanned::span)),
            ("timeout", self.timeout.as_ref().map(Spanned::span)),
            ("attempts", self.attempts.as_ref().map(Spanned::span)),
            ("retry_wait", self.retry_wait.as_ref().map(Spanned::span)),
            ("deadline", self.deadline.as_ref().map(Spanned::span)),
            ("bandwidth", self.bandwidth.as_ref().map(Spanned::span)),
            ("connections", self.connections.as_ref().map(Spanned::span)),
            ("files", self.files.as_ref().map(Spanned::span)),
            ("encoding", self.encoding.as_ref().map(Spanned::span)),
            ("freshness", self.freshness.as_ref().map(Spanned::span)),
            ("key", self.key.as_ref().map(Spanned::span)),
            ("key_passphrase", self.key_passphrase.as_ref().map(Spanned::span)),
            ("host_key", self.host_key.as_ref().map(Spanned::span)),
        ];
        places.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) pin_sha256: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) allow_missing_close_notify: Option<bool>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    pub(super) encoding: Option<Text>,
    pub(super) delimiter: Option<Text>,
    pub(super) header: Option<Spanned<Header>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    pub(super) cron: Option<Text>,
    pub(super) wait_until: Option<Text>,
    pub(super) retry_every: Option<Text>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    pub(super) max_quarantined: Option<Text>,
    pub(super) max_detached: Option<Text>,
    pub(super) max_vanished: Option<Text>,
    pub(super) max_vanished_in_organ: Option<Text>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) max_file_size: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    pub(super) kind: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) on: Option<Spanned<Vec<Text>>>,
    pub(super) language: Option<Text>,
    pub(super) url: Option<Spanned<Secret>>,
    pub(super) bearer: Option<Spanned<Secret>>,
    pub(super) ca: Option<Text>,
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) timeout: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WecomApp {
    pub(super) agent_id: Option<Spanned<AgentId>>,
    pub(super) secret: Option<Spanned<Secret>>,
    pub(super) token: Option<Spanned<Secret>>,
    pub(super) aes_key: Option<Spanned<Secret>>,
    pub(super) receive_ids: Option<Spanned<Vec<Text>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainVerification {
    pub(super) file: Option<Text>,
    pub(super) content: Option<Text>,
}

/// A number or a word, as text.
#[derive(Debug)]
pub(super) struct AgentId(pub(super) String);

/// A secret: the text itself, or a table that says where it is.
#[derive(Clone)]
pub(super) enum Secret {
    Literal(String),
    Elsewhere(SecretPlace),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretPlace {
    pub(super) env: Option<Text>,
    pub(super) file: Option<Text>,
}

/// `"now"` (or another word), or a table.
#[derive(Debug)]
pub(super) enum Ready {
    Word(String),
    Table(ReadyTable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadyTable {
    pub(super) stable: Option<Text>,
    pub(super) marker: Option<Text>,
    pub(super) polls: Option<Spanned<u32>>,
    pub(super) min_size: Option<Text>,
}

/// `true`, `false`, or a word.
#[derive(Debug)]
pub(super) enum Header {
    Flag(bool),
    Word(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Literal(_) => f.write_str("***"),
            Secret::Elsewhere(place) => place.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text_or_table = TextOrTable { text: Secret::Literal, table: Secret::Elsewhere };
        deserializer.deserialize_any(text_or_table)
    }
}

impl<'de> Deserialize<'de> for Ready {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable { text: Ready::Word, table: Ready::Table })
    }
}

impl<'de> Deserialize<'de> for AgentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagOrText)
    }
}

/// Reads a text into one variant and a table into the other.
struct TextOrTable<T, U> {
    text: fn(String) -> T,
    table: fn(U) -> T,
}

impl<'de, T, U: Deserialize<'de>> Visitor<'de> for TextOrTable<T, U> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a table")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok((self.text)(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        U::deserialize(MapAccessDeserializer::new(map)).map(self.table)
    }
}

struct FlagOrText;

impl Visitor<'_> for FlagOrText {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a text")
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Header, E> {
        Ok(Header::Flag(flag))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Header, E> {
        Ok(Header::Word(text.to_owned()))
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = AgentId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<AgentId, E> {
        Ok(AgentId(number.to_string()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AgentId, E> {
        Ok(AgentId(text.to_owned()))
    }
}
