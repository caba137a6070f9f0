//! What one answer of WeCom's brings, stored in one transaction.

use chrono::{DateTime, Utc};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, named_params, params};

use crate::wecom::archive::message::{MessageFields, as_text};

/// Messages to store, decrypted or not, and how far they go.
#[derive(Default)]
pub(in crate::wecom::archive) struct Batch {
    /// Decrypted messages.
    pub(in crate::wecom::archive) messages: Vec<StoredMessage>,
    /// Messages that could not be decrypted.
    pub(in crate::wecom::archive) undecrypted: Vec<Undecrypted>,
}

/// A decrypted message.
pub(in crate::wecom::archive) struct StoredMessage {
    /// WeCom's number.
    pub(in crate::wecom::archive) seq: i64,
    /// WeCom's id.
    pub(in crate::wecom::archive) msgid: String,
    /// Version of the public key.
    pub(in crate::wecom::archive) key_version: u32,
    /// The text, unchanged.
    pub(in crate::wecom::archive) body: Vec<u8>,
    /// What is known of it.
    pub(in crate::wecom::archive) fields: MessageFields,
}

/// A message that could not be decrypted.
pub(in crate::wecom::archive) struct Undecrypted {
    /// WeCom's number.
    pub(in crate::wecom::archive) seq: i64,
    /// WeCom's id.
    pub(in crate::wecom::archive) msgid: String,
    /// Version of the public key, if it is known.
    pub(in crate::wecom::archive) key_version: Option<u32>,
    /// Why.
    pub(in crate::wecom::archive) reason: Reason,
    /// Whether decrypting it was tried this time.
    pub(in crate::wecom::archive) is_tried: bool,
    /// WeCom's JSON of it.
    pub(in crate::wecom::archive) item: String,
}

/// Why a message could not be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::wecom::archive) enum Reason {
    /// There is no private key of its version.
    NoKey,
    /// The private key of its version does not fit.
    OtherKey,
    /// It lacks a field.
    BadItem,
    /// The library refused it with this code.
    Code(i32),
    /// The library reported success and handed over an empty text.
    Empty,
    /// The library crashed or hung at it.
    Reader,
}

impl Reason {
    /// As the column holds it.
    pub(in crate::wecom::archive) fn name(self) -> &'static str {
        match self {
            Reason::NoKey => "no_key",
            Reason::OtherKey => "other_key",
            Reason::BadItem => "bad_item",
            Reason::Code(_) => "code",
            Reason::Empty => "empty",
            Reason::Reader => "reader",
        }
    }

    fn code(self) -> Option<i32> {
        match self {
            Reason::Code(code) => Some(code),
            _ => None,
        }
    }
}

/// How many of a batch were new.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::wecom::archive) struct Stored {
    /// Decrypted messages.
    pub(in crate::wecom::archive) messages: u64,
    /// Messages that could not be decrypted.
    pub(in crate::wecom::archive) undecrypted: u64,
    /// Messages that were there already.
    pub(in crate::wecom::archive) repeated: u64,
    /// Messages whose id was there already with another text.
    pub(in crate::wecom::archive) other_text: u64,
}

/// The text if it is one, else its bytes.
struct Body<'a>(&'a [u8]);

impl ToSql for Body<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match std::str::from_utf8(self.0) {
            // SQLite reads a text only to its first NUL, and takes one that is a number for that number.
            Ok(text) if !text.contains('\0') && !may_be_number(text) => {
                ValueRef::Text(text.as_bytes())
            }
            _ => ValueRef::Blob(self.0),
        }))
    }
}

fn may_be_number(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
}

/// Stores messages; those that are there already are counted. One that is there with another text is kept beside it, and
/// one that is there but could not be decrypted is replaced by one that can.
pub(super) fn insert(
    conn: &Connection,
    batch: &Batch,
    pulled_at: DateTime<Utc>,
) -> rusqlite::Result<Stored> {
    let pulled_at = as_text(pulled_at);
    let mut stored = Stored::default();
    let mut same_text = conn.prepare_cached("select body is ?2 from message where msgid = ?1")?;
    let mut no_longer =
        conn.prepare_cached("delete from undecrypted where msgid = ?1 returning pulled_at")?;
    for message in &batch.messages {
        let known = same_text
            .query_row(params![message.msgid, Body(&message.body)], |row| row.get(0))
            .optional()?;
        match known {
            Some(true) => stored.repeated += 1,
            Some(false) => {
                insert_again(conn, message, &pulled_at)?;
                stored.other_text += 1;
            }
            None => {
                let first_pulled: Option<String> =
                    no_longer.query_row([&message.msgid], |row| row.get(0)).optional()?;
                insert_message(conn, message, first_pulled.as_ref().unwrap_or(&pulled_at))?;
                stored.messages += 1;
            }
        }
    }
    let mut known =
        conn.prepare_cached("select exists (select 1 from message where msgid = ?1)")?;
    // One that lacked a field can never be decrypted; another that does not may be, one day.
    let mut insert = conn.prepare_cached(
        "insert into undecrypted (seq, msgid, key_version, reason, code, attempts, pulled_at, item) \
         values (?1, ?2, ?3, ?4, ?5, ?8, ?6, ?7) \
         on conflict (msgid) do update set (seq, key_version, reason, code, attempts, item) = \
         (excluded.seq, excluded.key_version, excluded.reason, excluded.code, excluded.attempts, excluded.item) \
         where reason = 'bad_item' and excluded.reason <> 'bad_item'",
    )?;
    for message in &batch.undecrypted {
        let (reason, code) = (message.reason.name(), message.reason.code());
        let Undecrypted { seq, msgid, key_version, is_tried, item, .. } = message;
        let is_known: bool = known.query_row([msgid], |row| row.get(0))?;
        let values = params![seq, msgid, key_version, reason, code, pulled_at, item, is_tried];
        match !is_known && insert.execute(values)? > 0 {
            true => stored.undecrypted += 1,
            false => stored.repeated += 1,
        }
    }
    Ok(stored)
}

/// Keeps a message whose id is there with another text.
fn insert_again(
    conn: &Connection,
    message: &StoredMessage,
    pulled_at: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "insert or ignore into message_again (seq, msgid, key_version, sent_at, pulled_at, body) \
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        message.seq,
        message.msgid,
        message.key_version,
        message.fields.sent_at,
        pulled_at,
        Body(&message.body)
    ])?;
    Ok(())
}

fn insert_message(
    conn: &Connection,
    message: &StoredMessage,
    pulled_at: &str,
) -> rusqlite::Result<()> {
    let fields = &message.fields;
    conn.prepare_cached(
        "insert into message (seq, msgid, key_version, action, msg_type, from_user, to_users, room_id, sent_at, \
         pulled_at, body) values (:seq, :msgid, :key_version, :action, :msg_type, :from_user, :to_users, :room_id, \
         :sent_at, :pulled_at, :body)",
    )?
    .execute(named_params! {
        ":seq": message.seq,
        ":msgid": message.msgid,
        ":key_version": message.key_version,
        ":action": fields.action,
        ":msg_type": fields.msg_type,
        ":from_user": fields.from_user,
        ":to_users": fields.to_users,
        ":room_id": fields.room_id,
        ":sent_at": fields.sent_at,
        ":pulled_at": pulled_at,
        ":body": Body(&message.body),
    })?;
    let mut insert = conn.prepare_cached(
        "insert or ignore into media (msgid, file_id, extension, md5, size, state) \
         values (?1, ?2, ?3, ?4, ?5, 'wanted')",
    )?;
    for file in &fields.files {
        let text = |text: &str| Value::from(text.to_owned());
        let md5 = file.md5.as_deref().map_or(Value::Null, text);
        insert.execute(params![message.msgid, file.file_id, file.extension, md5, file.size])?;
    }
    Ok(())
}

/// Replaces messages that could not be decrypted before. Of the others, those that were tried are marked as tried again.
pub(super) fn replace(conn: &Connection, batch: &Batch) -> rusqlite::Result<Stored> {
    let mut stored = Stored::default();
    for message in &batch.messages {
        let pulled_at: String = conn
            .prepare_cached("delete from undecrypted where msgid = ?1 returning pulled_at")?
            .query_row([&message.msgid], |row| row.get(0))?;
        insert_message(conn, message, &pulled_at)?;
        stored.messages += 1;
    }
    let mut update = conn.prepare_cached(
        "update undecrypted set reason = ?2, code = ?3, attempts = attempts + 1 where msgid = ?1",
    )?;
    for message in batch.undecrypted.iter().filter(|message| message.is_tried) {
        update.execute(params![message.msgid, message.reason.name(), message.reason.code()])?;
        stored.undecrypted += 1;
    }
    Ok(stored)
}
