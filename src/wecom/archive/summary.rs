//! What a pull did, and what there is to do about it.

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};

use super::codes;
use crate::model::Message;

/// What a pull did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PullSummary {
    /// New messages, decrypted and stored.
    pub stored: u64,
    /// Messages that were stored already.
    pub repeated: u64,
    /// Messages whose id was stored already, with another text; both are kept.
    pub other_text: u64,
    /// Messages of earlier pulls that could be decrypted now.
    pub decrypted_later: u64,
    /// Files that were fetched.
    pub files: u64,
    /// Files that could not be fetched this time.
    pub files_failed: u64,
    /// Files that can no longer be fetched.
    pub files_lost: u64,
    /// Messages that were removed because they are older than `keep`.
    pub removed: u64,
    /// The number of the last message that is stored.
    pub last_seq: i64,
    /// A time of which messages are lost.
    pub gap: Option<Gap>,
    /// What to do if there is no key at all.
    pub no_keys: Option<Message>,
    /// What is wrong with files of keys; their versions count as missing.
    pub unreadable_keys: Vec<Message>,
    /// Messages that are kept encrypted, by reason, from this pull and earlier ones. Those that lack a field can never be
    /// read: they are told in the pull that stored them only.
    pub undecrypted: Vec<UndecryptedGroup>,
}

/// A time of which WeCom no longer keeps messages and none were pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where it begins: until then messages are pulled.
    pub from: DateTime<Utc>,
    /// Where it ends: what was sent later is still kept.
    pub to: DateTime<Utc>,
    /// The number of the last message before it.
    pub seq_before: i64,
    /// The number of the first message after it, if there is one.
    pub seq_after: Option<i64>,
}

/// Messages that are kept encrypted for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecryptedGroup {
    /// How many.
    pub count: u64,
    /// How many of them this pull brought.
    pub new: u64,
    /// Version of their key, if it is known.
    pub key_version: Option<u32>,
    /// Why.
    pub why: UndecryptedWhy,
}

/// Why messages are kept encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndecryptedWhy {
    /// There is no private key of that version.
    NoKey {
        /// Where it belongs.
        file: PathBuf,
    },
    /// The private key of that version does not fit.
    OtherKey {
        /// Its file.
        file: PathBuf,
    },
    /// The library refused them.
    Code(i32),
    /// WeCom's JSON lacks a field.
    BadItem,
    /// The library reported success and handed over an empty text.
    Empty,
    /// The library crashed or hung at them.
    Reader,
}

impl UndecryptedWhy {
    /// As the JSON of the command line says it.
    pub fn name(&self) -> &'static str {
        match self {
            UndecryptedWhy::NoKey { .. } => "no_key",
            UndecryptedWhy::OtherKey { .. } => "other_key",
            UndecryptedWhy::Code(_) => "code",
            UndecryptedWhy::BadItem => "bad_item",
            UndecryptedWhy::Empty => "empty",
            UndecryptedWhy::Reader => "reader",
        }
    }

    /// Whether it is for whoever runs orgsnap to put a key in place.
    pub fn lacks_key(&self) -> bool {
        matches!(self, UndecryptedWhy::NoKey { .. } | UndecryptedWhy::OtherKey { .. })
    }
}

impl PullSummary {
    /// What whoever runs orgsnap has to know, the gravest first: what this pull found, and what stays until a key is put in
    /// place. What the library did not open in earlier pulls is in the counts, and was told then.
    pub fn problems(&self) -> Vec<Message> {
        let gap = self.gap.iter().map(Gap::message);
        let keys = self.no_keys.iter().chain(&self.unreadable_keys).cloned();
        let told = |group: &&UndecryptedGroup| group.new > 0 || group.why.lacks_key();
        let undecrypted = self.undecrypted.iter().filter(told).map(UndecryptedGroup::message);
        gap.chain(keys).chain(undecrypted).chain(self.other_text_message()).collect()
    }

    /// How many messages are kept encrypted, of this pull and earlier ones.
    pub fn kept_encrypted(&self) -> u64 {
        self.undecrypted.iter().map(|group| group.count).sum()
    }

    fn other_text_message(&self) -> Option<Message> {
        let zh = format!(
            "{} 条消息的 msgid 与已保存的消息相同而内容不同，已另存于 session.db 的 message_again 表；请联系企业微信",
            self.other_text
        );
        let messages = match self.other_text {
            0 => return None,
            1 => "1 message has an id that was stored before with another text; it is".to_owned(),
            n => {
                format!("{n} messages have ids that were stored before with other texts; they are")
            }
        };
        let en = format!("{messages} kept in the table message_again of session.db: ask WeCom");
        Some(Message::new(zh, en))
    }
}

impl Gap {
    /// What is lost, in both languages.
    pub fn message(&self) -> Message {
        let text = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (from, to) = (text(self.from), text(self.to));
        Message::new(
            format!(
                "会话内容存档有缺口：{from} 至 {to}（UTC）之间的消息已超过企业微信的五天保留期，无法再获取；请缩短拉取间隔"
            ),
            format!(
                "the session archive has a gap: messages sent from {from} to {to} (UTC) are older than the five days for \
                 which WeCom keeps them and are lost; pull more often"
            ),
        )
    }
}

impl UndecryptedGroup {
    /// What is wrong and what to do, in both languages.
    pub fn message(&self) -> Message {
        let count = self.count;
        let version =
            self.key_version.map_or_else(|| "?".to_owned(), |version| version.to_string());
        let (zh, en) = match &self.why {
            UndecryptedWhy::NoKey { file } => {
                let file = file.display();
                (
                    format!(
                        "缺少版本 {version} 的私钥（10007）；请将管理后台“消息加密公钥”版本号为 {version} 的那一对的私钥放到 {file}（PEM，未加密），下次拉取时自动解密"
                    ),
                    format!(
                        "there is no private key of version {version} (10007): put that of the pair whose public key WeCom's \
                         page shows as version {version} into {file} (PEM, not encrypted); the next pull decrypts what waits for it"
                    ),
                )
            }
            UndecryptedWhy::OtherKey { file } => {
                let file = file.display();
                (
                    format!(
                        "{file} 不是版本 {version} 的私钥；请与管理后台的公钥核对（orgsnap wecom archive-key list），换成正确的私钥后下次拉取时自动解密"
                    ),
                    format!(
                        "{file} is not the private key of version {version}: compare it with the public key on WeCom's page \
                         (orgsnap wecom archive-key list); with the right one the next pull decrypts what waits for it"
                    ),
                )
            }
            UndecryptedWhy::Code(code) => {
                let Message { zh, en } = codes::code_message(*code);
                (
                    format!("SDK 返回 {code}（公钥版本 {version}）：{zh}"),
                    format!("the library returned {code} (key version {version}): {en}"),
                )
            }
            UndecryptedWhy::BadItem => (
                "企业微信返回的字段不全；请升级 orgsnap 并联系企业微信".to_owned(),
                "WeCom's JSON lacks a field; update orgsnap and ask WeCom".to_owned(),
            ),
            UndecryptedWhy::Empty => (
                format!(
                    "SDK 报告解密成功，但返回的内容为空（公钥版本 {version}）；下次拉取时重试，反复出现时请升级 SDK 并联系企业微信"
                ),
                format!(
                    "the library reported success but returned no text (key version {version}); the next pull tries \
                     again; if it stays, update the library and ask WeCom"
                ),
            ),
            UndecryptedWhy::Reader => (
                "SDK 在解密时崩溃或无响应；下次拉取时重试，反复出现时请升级 SDK".to_owned(),
                "the library crashed or hung while it decrypted; the next pull tries again; if it stays, \
                 update the library"
                    .to_owned(),
            ),
        };
        let messages = match count {
            1 => "1 message could not be decrypted and is".to_owned(),
            count => format!("{count} messages could not be decrypted and are"),
        };
        Message::new(
            format!("{count} 条消息未能解密，以密文保存：{zh}"),
            format!("{messages} kept encrypted: {en}"),
        )
    }
}
